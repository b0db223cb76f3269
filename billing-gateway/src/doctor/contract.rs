//! Whether the core knows every call that this gateway may make: it is rolled out first.

use std::collections::BTreeSet;

use billing_proto::FILE_DESCRIPTOR_SET;
use billing_telemetry::doctor::Finding;
use prost::Message;
use prost_types::{FileDescriptorProto, FileDescriptorSet};
use tonic::Status;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

use crate::causes::causes;
use crate::core::CoreClient;

const SUBJECT: &str = "contract";

pub(super) async fn check(core: &CoreClient) -> Vec<Finding> {
    let ours = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).map(|set| set.file);
    let ours = calls(&ours.unwrap_or_default());
    let services: BTreeSet<&str> = ours
        .iter()
        .filter_map(|call| Some(call.split_once('/')?.0))
        .collect();
    let theirs = match described(core, &services).await {
        Ok(files) => calls(&files),
        Err(status) => {
            let to_do = "let proxies between pass gRPC reflection, or leave this out";
            let wrong = causes(&status);
            return vec![Finding::warn(SUBJECT, "the core's calls", wrong, to_do)];
        }
    };
    let missing: Vec<&str> = ours.difference(&theirs).map(String::as_str).collect();
    let Some(first) = missing.first() else {
        let looked_at = format!("the core knows all {} calls of ours", ours.len());
        return vec![Finding::ok(SUBJECT, looked_at)];
    };
    vec![Finding::mend(
        SUBJECT,
        format!("the core lacks {} calls", missing.len()),
        format!("it is older than this gateway: {first}"),
        "roll the core out before the gateway",
    )]
}

/// Each as `package.Service/Method`.
fn calls(files: &[FileDescriptorProto]) -> BTreeSet<String> {
    let mut calls = BTreeSet::new();
    for file in files {
        for service in &file.service {
            for method in &service.method {
                let (package, service, method) = (file.package(), service.name(), method.name());
                calls.insert(format!("{package}.{service}/{method}"));
            }
        }
    }
    calls
}

/// The files of these services, as the core describes them. One that it has not is left out.
async fn described(
    core: &CoreClient,
    services: &BTreeSet<&str>,
) -> Result<Vec<FileDescriptorProto>, Status> {
    let asked: Vec<ServerReflectionRequest> = services
        .iter()
        .map(|service| ServerReflectionRequest {
            host: String::new(),
            message_request: Some(MessageRequest::FileContainingSymbol((*service).to_owned())),
        })
        .collect();
    let count = asked.len();
    let mut reflection = ServerReflectionClient::new(core.channel());
    let stream = core.request(tokio_stream::iter(asked));
    let mut answers = reflection
        .server_reflection_info(stream)
        .await?
        .into_inner();
    let mut files = Vec::new();
    for _ in 0..count {
        let Some(answer) = answers.message().await? else {
            break;
        };
        if let Some(MessageResponse::FileDescriptorResponse(response)) = answer.message_response {
            let described = response.file_descriptor_proto;
            files.extend(
                described
                    .iter()
                    .filter_map(|file| FileDescriptorProto::decode(&**file).ok()),
            );
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_core_without_a_call_lacks_it() {
        let mut set = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).unwrap();
        let all = calls(&set.file);
        assert!(all.contains("billing.v1.BalanceService/Charge"), "{all:?}");
        let file = set.file.iter_mut().find(|file| !file.service.is_empty());
        let removed = file.unwrap().service.remove(0).method.len();
        assert_eq!(all.len() - calls(&set.file).len(), removed);
    }
}
