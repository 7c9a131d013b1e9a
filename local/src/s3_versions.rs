//! The versions of objects, in buckets that keep them: `UploadsBucket` of `template.yaml` does.
//!
//! Only the ids of older versions are kept, because nothing reads their content. An object of an earlier process has the version `null`, as
//! one has that S3 stored before versioning was enabled.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};

use s3s::dto::{
    DeleteMarkerEntry, DeleteObjectInput, DeleteObjectOutput, GetObjectInput, GetObjectOutput, HeadObjectInput,
    HeadObjectOutput, ListObjectVersionsInput, ListObjectVersionsOutput, ListObjectsV2Input, ListObjectsV2Output,
    ObjectVersion, PutObjectInput, PutObjectOutput,
};
use s3s::{S3, S3Request, S3Response, S3Result};
use s3s_fs::FileSystem;

/// The version of an object whose versions are unknown.
const NULL: &str = "null";

/// Files with versions.
pub struct Versioned {
    files: FileSystem,
    versions: Mutex<Versions>,
}

#[derive(Default)]
struct Versions {
    /// The number of ids that were given.
    count: u64,
    /// The versions by bucket and key, the newest last.
    of: BTreeMap<(String, String), Vec<Version>>,
}

#[derive(Clone)]
struct Version {
    id: String,
    /// The object was deleted.
    is_marker: bool,
}

impl Versions {
    fn add(&mut self, object: (String, String), is_marker: bool) {
        self.count += 1;
        let version = Version { id: format!("version-{}", self.count), is_marker };
        self.of.entry(object).or_default().push(version);
    }

    /// Removes a version. Returns whether it was the object itself.
    fn remove(&mut self, object: &(String, String), id: &str) -> bool {
        let Some(versions) = self.of.get_mut(object) else { return id == NULL };
        let is_newest = versions.last().is_some_and(|newest| newest.id == id && !newest.is_marker);
        versions.retain(|version| version.id != id);
        if versions.is_empty() {
            self.of.remove(object);
        }
        is_newest
    }
}

type Answer<'a, T> = Pin<Box<dyn Future<Output = S3Result<S3Response<T>>> + Send + 'a>>;

/// Operations that know nothing of versions.
macro_rules! delegated {
    ($($operation:ident($input:ty) -> $output:ty;)+) => {
        $(fn $operation<'a, 'b>(&'a self, request: S3Request<$input>) -> Answer<'b, $output>
        where
            'a: 'b,
            Self: 'b,
        {
            self.files.$operation(request)
        })+
    };
}

impl S3 for Versioned {
    delegated! {
        get_object(GetObjectInput) -> GetObjectOutput;
        head_object(HeadObjectInput) -> HeadObjectOutput;
        list_objects_v2(ListObjectsV2Input) -> ListObjectsV2Output;
    }

    fn put_object<'a, 'b>(&'a self, request: S3Request<PutObjectInput>) -> Answer<'b, PutObjectOutput>
    where
        'a: 'b,
        Self: 'b,
    {
        let object = (request.input.bucket.clone(), request.input.key.clone());
        Box::pin(async move {
            let response = self.files.put_object(request).await?;
            self.lock().add(object, false);
            Ok(response)
        })
    }

    fn delete_object<'a, 'b>(&'a self, request: S3Request<DeleteObjectInput>) -> Answer<'b, DeleteObjectOutput>
    where
        'a: 'b,
        Self: 'b,
    {
        let object = (request.input.bucket.clone(), request.input.key.clone());
        let is_object = match &request.input.version_id {
            None => {
                self.lock().add(object, true);
                true
            }
            Some(id) => self.lock().remove(&object, id),
        };
        match is_object {
            true => self.files.delete_object(request),
            false => Box::pin(async { Ok(S3Response::new(DeleteObjectOutput::default())) }),
        }
    }

    fn list_object_versions<'a, 'b>(
        &'a self,
        request: S3Request<ListObjectVersionsInput>,
    ) -> Answer<'b, ListObjectVersionsOutput>
    where
        'a: 'b,
        Self: 'b,
    {
        let (bucket, prefix) = (request.input.bucket.clone(), request.input.prefix.clone().unwrap_or_default());
        let request = request.map_input(|input| ListObjectsV2Input {
            bucket: input.bucket,
            prefix: input.prefix,
            ..ListObjectsV2Input::default()
        });
        Box::pin(async move {
            let stored = self.files.list_objects_v2(request).await?.output.contents.unwrap_or_default();
            let known = self.lock().of.clone();
            let is_listed = |object: &(String, String)| object.0 == bucket && object.1.starts_with(&prefix);
            let (mut versions, mut markers) = (Vec::new(), Vec::new());
            for ((_, key), of_key) in known.iter().filter(|(object, _)| is_listed(object)) {
                for Version { id, is_marker } in of_key.iter().rev().cloned() {
                    let (key, version_id) = (Some(key.clone()), Some(id));
                    match is_marker {
                        true => markers.push(DeleteMarkerEntry { key, version_id, ..DeleteMarkerEntry::default() }),
                        false => versions.push(ObjectVersion { key, version_id, ..ObjectVersion::default() }),
                    }
                }
            }
            let unknown = stored.into_iter().filter_map(|object| object.key);
            for key in unknown.filter(|key| !known.contains_key(&(bucket.clone(), key.clone()))) {
                versions.push(ObjectVersion { key: Some(key), version_id: Some(NULL.into()), ..ObjectVersion::default() });
            }
            Ok(S3Response::new(ListObjectVersionsOutput {
                name: Some(bucket),
                prefix: Some(prefix),
                is_truncated: Some(false),
                versions: Some(versions),
                delete_markers: Some(markers),
                ..ListObjectVersionsOutput::default()
            }))
        })
    }
}

impl Versioned {
    pub fn new(files: FileSystem) -> Self {
        Self { files, versions: Mutex::default() }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Versions> {
        self.versions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
