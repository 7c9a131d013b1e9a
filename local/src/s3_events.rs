//! S3's events on this machine: for each object below `incoming/`, invokes `ops-uploads` with the event that EventBridge delivers. The
//! upload's response waits for that.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use serde_json::json;
use shared::jobboard::images::INCOMING;

use crate::functions::Functions;

#[derive(Clone)]
pub struct S3Events {
    /// The folder of the buckets.
    folder: PathBuf,
    /// Empty while the system starts: the functions start after S3.
    functions: Arc<OnceLock<Functions>>,
}

impl S3Events {
    pub fn of_buckets_below(folder: PathBuf) -> Self {
        Self { folder, functions: Arc::default() }
    }

    pub fn deliver_to(&self, functions: Functions) {
        // Called once, at the start.
        let _ = self.functions.set(functions);
    }

    /// Delivers an event for each object that is there.
    pub async fn deliver(&self) {
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
                        tracing::error!(key, error = diagnostic.error_message, "ops-uploads failed for an uploaded object");
                    }
                }
            }
        }
    }
}

fn children(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path()).collect()
}
