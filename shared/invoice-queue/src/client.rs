//! The SQS client, configured by hand so that nothing but environment variables is read at a cold start.

use std::time::Duration;

use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::retry::RetryConfig;
use aws_sdk_sqs::config::timeout::TimeoutConfig;
use aws_sdk_sqs::config::{
    BehaviorVersion, Config, Credentials, Region, SharedHttpClient, StalledStreamProtectionConfig,
};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};

/// Connects to the queue's region.
///
/// With a client of one's own (the embedded engine's) credentials are dummies. Otherwise `AWS_REGION`,
/// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN` are what Lambda sets, and
/// `AWS_ENDPOINT_URL_SQS` (or `AWS_ENDPOINT_URL`) leads to another SQS.
pub fn connect(http: Option<SharedHttpClient>) -> Client {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let embedded = http.is_some();
    let http =
        http.unwrap_or_else(|| Builder::new().tls_provider(tls::Provider::Rustls(CryptoMode::Ring)).build_https());
    let credentials = match (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY")) {
        (Some(id), Some(secret)) if !embedded => {
            Credentials::new(id, secret, variable("AWS_SESSION_TOKEN"), None, "environment")
        }
        _ => Credentials::new("local", "local", None, None, "local"),
    };
    let mut config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(http)
        .region(Region::new(variable("AWS_REGION").unwrap_or_else(|| "us-east-1".into())))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        // A client built by hand has no retries unless they are set.
        .retry_config(RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(50)))
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(Duration::from_secs(1))
                .operation_attempt_timeout(Duration::from_secs(3))
                .operation_timeout(Duration::from_secs(8))
                .build(),
        )
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    let endpoint = variable("AWS_ENDPOINT_URL_SQS").or_else(|| variable("AWS_ENDPOINT_URL"));
    if let Some(url) = endpoint.filter(|_| !embedded) {
        config = config.endpoint_url(url);
    }
    Client::from_conf(config.build())
}
