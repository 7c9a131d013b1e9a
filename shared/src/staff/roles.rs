//! What a member of staff is responsible for. Which role may execute which command is said once, at the command.

use crate::values::choices;

choices! {
    /// A member may have several.
    Role {
        /// 审核专员: decides on applications of the companies that the member is assigned to.
        Reviewer = "reviewer",
        /// 人事专员: imports, and employees.
        Hr = "hr",
        /// 客服: users, their orders, and vouchers within a daily limit.
        Support = "support",
        /// 财务: refunds, prices, reconciliation.
        Finance = "finance",
        /// 内容审核: jobs, pictures, bans.
        Moderator = "moderator",
        /// 平台管理员: credentials, staff, platforms.
        Admin = "admin",
        /// 审计: reads everything masked, changes nothing.
        Auditor = "auditor",
    }
}

impl Role {
    pub const ALL: &'static [Self] =
        &[Self::Reviewer, Self::Hr, Self::Support, Self::Finance, Self::Moderator, Self::Admin, Self::Auditor];
}
