//! `cargo dev`: the whole system in one process, on loopback; and commands for any deployment: `import` a file of usages,
//! `export` an invoice and `verify` it.

mod import_command;
mod progress;
mod verify_command;

use std::error::Error as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{Parser, Subcommand};
use import_command::{ImportOptions, import};
use local::demo::{self, DEMO_KEY};
use local::endpoints::Endpoints;
use local::functions::ROOT_KEY;
use local::{Engine, Error, System, server};
use progress::Progress;
use tracing_subscriber::EnvFilter;
use verify_command::{ExportOptions, VerifyOptions, export, verify};

/// How often the queue is looked into.
const QUEUE_PERIOD: Duration = Duration::from_millis(500);

/// Runs Countinghouse on this computer: its functions, DynamoDB, SQS and the schedule, in one process.
#[derive(Debug, Parser)]
#[command(name = "local", version, args_conflicts_with_subcommands = true)]
struct Options {
    #[command(subcommand)]
    command: Option<Command>,
    /// Keep the data in this directory; without it everything is in memory.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Port of the HTTP API.
    #[arg(long, default_value_t = 8787)]
    port: u16,
    /// Do not load the demo site.
    #[arg(long)]
    no_demo: bool,
    /// Serve DynamoDB and SQS only, for functions that run elsewhere.
    #[arg(long, conflicts_with_all = ["port", "no_demo"])]
    endpoints_only: bool,
    /// Port of DynamoDB, with --endpoints-only.
    #[arg(long, default_value_t = 8000, requires = "endpoints_only")]
    dynamodb_port: u16,
    /// Port of SQS, with --endpoints-only.
    #[arg(long, default_value_t = 9324, requires = "endpoints_only")]
    sqs_port: u16,
}

/// What there is to do beside running.
#[derive(Debug, Subcommand)]
enum Command {
    Import(ImportOptions),
    Export(ExportOptions),
    Verify(VerifyOptions),
    /// Print the OpenAPI document that the types describe; it is kept in functions/docs/openapi.json.
    Openapi,
}

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let mut options = Options::parse();
    let ended = match options.command.take() {
        Some(Command::Import(options)) => import(options).await,
        Some(Command::Export(options)) => export(options).await,
        Some(Command::Verify(options)) => Ok(verify(&options)),
        Some(Command::Openapi) => {
            print!("{}", local::openapi::openapi());
            Ok(ExitCode::SUCCESS)
        }
        None if options.endpoints_only => serve_endpoints(&options).await.map(|()| ExitCode::SUCCESS),
        None => serve_system(&options).await.map(|()| ExitCode::SUCCESS),
    };
    match ended {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            let mut source = error.source();
            while let Some(cause) = source {
                eprintln!("  because {cause}");
                source = cause.source();
            }
            ExitCode::FAILURE
        }
    }
}

async fn serve_system(options: &Options) -> Result<(), Error> {
    // A taken port is told before anything is written.
    let listener = server::bind(options.port, "--port").await?;
    let address = listener.local_addr().map_err(|source| Error::Io { what: "reading the port".to_owned(), source })?;
    println!("Countinghouse starts");
    let progress = Progress::new();
    let system = System::open(options.data.as_deref()).await?;
    let place = options.data.as_ref().map_or("in memory".to_owned(), |data| format!("in {}", data.display()));
    let table = if system.created_table() { "created" } else { "found" };
    progress.done(&format!("table {table} {place}, queues created in memory"));
    progress.done(&format!("{} routes read from template.yaml", system.template().routes.len()));
    if !options.no_demo {
        let outcome = demo::run(&system, |step| progress.done(step)).await?;
        progress.finish();
        println!("\n{}", outcome.table);
        if !outcome.is_right() {
            return Err(Error::Demo(format!("the invoice's total is {}, not {}", outcome.total, demo::TOTAL)));
        }
    } else {
        progress.finish();
    }
    print_commands(&format!("http://{address}"), options.no_demo);

    let system = Arc::new(system);
    let background = [tokio::spawn(run_schedule(Arc::clone(&system))), tokio::spawn(run_queue(Arc::clone(&system)))];
    let ended = server::serve(listener, system, interrupted()).await;
    for task in background {
        task.abort();
    }
    ended
}

async fn serve_endpoints(options: &Options) -> Result<(), Error> {
    let dynamodb = server::bind(options.dynamodb_port, "--dynamodb-port").await?;
    let sqs = server::bind(options.sqs_port, "--sqs-port").await?;
    let engine = match &options.data {
        Some(directory) => Engine::open(directory)?,
        None => Engine::in_memory()?,
    };
    let endpoints = Endpoints::new(engine).await?;
    let failed = |source| Error::Io { what: "reading the port".to_owned(), source };
    let environment =
        endpoints.environment(dynamodb.local_addr().map_err(failed)?, sqs.local_addr().map_err(failed)?)?;
    println!("DynamoDB and SQS are ready; table and queues are created. A function finds them with");
    println!();
    for (name, value) in environment {
        println!("export {name}={value}");
    }
    println!();
    println!("Ctrl-C ends.");
    endpoints.serve(dynamodb, sqs, interrupted).await
}

fn print_commands(address: &str, no_demo: bool) {
    println!("The HTTP API answers at {address}. Try:");
    println!();
    if no_demo {
        println!("  curl -s {address}/v1/sites -H 'Authorization: Bearer {ROOT_KEY}' \\");
        println!("    -H 'Content-Type: application/json' -d '{{\"id\":\"mine\",\"time_zone\":\"UTC\"}}'");
    } else {
        let bearer = format!("-H 'Authorization: Bearer {DEMO_KEY}'");
        println!("  curl -s {address}/v1/invoices {bearer}");
        println!("  curl -s {address}/v1/subscriptions/voip-acme/usage-charges {bearer}");
        println!("  curl -s {address}/v1/subscriptions/voip-acme/usages {bearer} \\");
        println!("    -H 'Content-Type: application/json' \\");
        println!(
            "    -d '{{\"item_price_id\":\"voip-minutes-usd-monthly\",\"quantity\":\"12.5\",\"usage_date\":\"2015-10-01T00:30:00Z\"}}'"
        );
    }
    println!();
    println!("Ctrl-C ends.");
}

async fn run_schedule(system: Arc<System>) {
    let mut period = tokio::time::interval(system.schedule_period());
    loop {
        period.tick().await;
        if let Err(error) = system.tick().await {
            tracing::error!(%error, "the scheduled function failed");
        }
    }
}

async fn run_queue(system: Arc<System>) {
    let mut period = tokio::time::interval(QUEUE_PERIOD);
    loop {
        period.tick().await;
        let pumped = system.pump().await;
        if pumped.failed > 0 {
            tracing::warn!(failed = pumped.failed, "messages failed");
        }
    }
}

async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    // Without a signal to wait for, the server would end at once.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
