//! S3's events on this machine: what arrives below `incoming/` is told to `ops-uploads`, as EventBridge tells it. Whoever uploads
//! is answered when that is done.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use serde_json::json;
use shared::jobboard::images::INCOMING;

use crate::functions::Functions;

#[derive(Clone)]
pub struct Arrivals {
    /// Where the buckets lie.
    folder: PathBuf,
    /// They are there once S3 is.
    functions: Arc<OnceLock<Functions>>,
}

impl Arrivals {
    pub fn below(folder: PathBuf) -> Self {
        Self { folder, functions: Arc::default() }
    }

    pub fn go_to(&self, functions: Functions) {
        // Set once, at the start.
        let _ = self.functions.set(functions);
    }

    /// Tells of all that lies there.
    pub async fn tell(&self) {
        let Some(functions) = self.functions.get() else { return };
        for bucket in children(&self.folder) {
            let mut folders = vec![bucket.join(INCOMING)];
            while let Some(folder) = folders.pop() {
                for path in children(&folder) {
                    if path.is_dir() {
                        folders.push(path);
                        continue;
                    }
                    let key = path.strip_prefix(&bucket).unwrap_or(&path).to_string_lossy().into_owned();
                    let name = bucket.file_name().unwrap_or_default().to_string_lossy().into_owned();
                    let event = json!({
                        "version": "0", "source": "aws.s3", "detail-type": "Object Created",
                        "detail": {"version": "0", "bucket": {"name": name}, "object": {"key": key}, "reason": "PostObject"},
                    });
                    if let Some(Err(diagnostic)) = functions.invoke("ops-uploads", event.to_string().as_bytes()).await {
                        tracing::error!(key, error = diagnostic.error_message, "a picture could not be checked");
                    }
                }
            }
        }
    }
}

fn children(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path()).collect()
}
