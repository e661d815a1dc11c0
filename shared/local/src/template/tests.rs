use super::*;

fn embedded() -> Template {
    Template::embedded().expect("the template is readable")
}

fn problem(text: &str) -> String {
    Template::read(text).expect_err("the template is refused").to_string()
}

#[test]
fn every_function_is_there_with_its_environment() {
    let template = embedded();

    let mut folders: Vec<&str> = template.functions.iter().map(|function| function.folder.as_str()).collect();
    folders.sort_unstable();
    assert_eq!(
        folders,
        [
            "catalog",
            "close-periods",
            "docs",
            "invoices",
            "issue-invoice",
            "record-usage",
            "subscriptions",
            "usage-charges"
        ]
    );
    let catalog = template.functions.iter().find(|function| function.folder == "catalog").expect("is there");
    let names: Vec<&str> = catalog.environment.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["INVOICE_QUEUE_URL", "ROOT_KEY_SHA256", "TABLE_NAME"]);
    assert_eq!(catalog.environment[0].1, "InvoiceQueue");
}

#[test]
fn routes_lead_to_folders() {
    let template = embedded();

    let of = |method: &str, path: &str| {
        let found = template.routes.iter().find(|route| route.method == method && route.path == path);
        found.map(|route| route.folder.as_str())
    };
    assert_eq!(of("POST", "/v1/subscriptions/{subscription_id}/usages"), Some("record-usage"));
    assert_eq!(of("GET", "/v1/subscriptions/{subscription_id}/usages"), Some("usage-charges"));
    assert_eq!(of("PATCH", "/v1/item-prices/{id}"), Some("catalog"));
    assert_eq!(of("POST", "/v1/invoices/{id}/close"), Some("invoices"));
    assert_eq!(of("GET", "/docs/{file}"), Some("docs"));
    assert_eq!(template.routes.len(), 45);
}

#[test]
fn the_schedule_the_queue_and_the_table_are_those_of_the_template() {
    let template = embedded();

    let schedule = &template.schedules[0];
    assert_eq!((schedule.every_seconds, schedule.folder.as_str()), (300, "close-periods"));
    assert_eq!(schedule.dead_letter_queue.as_deref(), Some("ScheduleDeadLetterQueue"));
    let source = &template.queue_sources[0];
    assert_eq!(
        (source.queue.as_str(), source.batch_size, source.folder.as_str()),
        ("InvoiceQueue", 10, "issue-invoice")
    );
    let queue = template.queue("InvoiceQueue").expect("is there");
    let redrive = queue.redrive.as_ref().expect("is there");
    assert_eq!((redrive.dead_letter_queue.as_str(), redrive.max_receive_count), ("InvoiceDeadLetterQueue", 5));
    let worker = template.functions.iter().find(|function| function.folder == "issue-invoice").expect("is there");
    assert_eq!(queue.visibility_timeout_seconds, Some(6 * worker.timeout_seconds));
    assert_eq!(template.queue("InvoiceDeadLetterQueue").expect("is there").retention_seconds, Some(14 * 86_400));
    let indexes: Vec<&str> = template.table.global_secondary_indexes.iter().map(|i| i.index_name.as_str()).collect();
    assert_eq!(indexes, ["due", "list"]);
    assert_eq!(template.table.time_to_live, "expires_at");
    let due_at = template.table.attribute_definitions.iter().find(|a| a.attribute_name == "due_at").expect("is there");
    assert_eq!(due_at.attribute_type, "N");
}

#[test]
fn a_policy_allows_each_of_its_actions_on_each_of_its_resources() {
    let template = embedded();

    let of = |folder: &str| {
        let function = template.functions.iter().find(|function| function.folder == folder).expect("is there");
        let allowed = function.permissions.iter().map(|allowed| (allowed.action.as_str(), allowed.resource.as_str()));
        allowed.collect::<Vec<_>>()
    };
    assert_eq!(of("usage-charges"), [("dynamodb:GetItem", "Table"), ("dynamodb:Query", "Table")]);
    assert_eq!(
        of("close-periods"),
        [
            ("dynamodb:GetItem", "Table"),
            ("dynamodb:Query", "Table"),
            ("dynamodb:Query", "Table/index/due"),
            ("sqs:GetQueueAttributes", "InvoiceQueue"),
            ("sqs:SendMessage", "InvoiceQueue"),
        ]
    );
}

#[test]
fn a_policy_that_says_more_or_less_than_single_actions_is_refused() {
    for (written, other, expected) in [
        ("- dynamodb:GetItem", "- dynamodb:*", "no wildcards"),
        ("- dynamodb:GetItem", "- sqs:SendMessage", "no single action"),
        ("- !GetAtt Table.Arn", "- \"*\"", "no wildcards"),
        ("- !GetAtt Table.Arn", "- !GetAtt Logs.Arn", "no table, index or queue"),
        ("${Table.Arn}/index/due", "${Table.Arn}/index/other", "no table, index or queue"),
        ("Effect: Allow", "Effect: Deny", "unknown variant `Deny`"),
        ("Sid: Logs", "NotAction: []", "unknown field `NotAction`"),
        ("- logs:PutLogEvents", "- dynamodb:Scan", "has no Sid"),
    ] {
        let refused = problem(&TEMPLATE.replace(written, other));
        assert!(refused.contains("Policies") && refused.contains(expected), "{other}: {refused}");
    }
}

#[test]
fn what_is_unknown_or_missing_is_named() {
    let unknown = TEMPLATE.replace("MessageRetentionPeriod:", "MessageRetention:");
    assert!(problem(&unknown).contains("Resources.InvoiceDeadLetterQueue.Properties"), "{}", problem(&unknown));
    let service = TEMPLATE.replace("AWS::Logs::LogGroup", "AWS::SNS::Topic");
    assert!(problem(&service).contains("knows no AWS::SNS::Topic"), "{}", problem(&service));
    let event = TEMPLATE.replace("Type: ScheduleV2", "Type: Schedule");
    assert!(problem(&event).contains("ClosePeriods.Properties.Events.Tick"), "{}", problem(&event));
    let rate = TEMPLATE.replace("rate(5 minutes)", "rate(5 fortnights)");
    assert!(problem(&rate).contains("is no rate"), "{}", problem(&rate));
    let queue = TEMPLATE.replace("!GetAtt InvoiceDeadLetterQueue.Arn", "!GetAtt Elsewhere.Arn");
    assert!(problem(&queue).contains("no queue is named Elsewhere"), "{}", problem(&queue));
    let failures = TEMPLATE.replace("[ReportBatchItemFailures]", "[]");
    assert!(problem(&failures).contains("ReportBatchItemFailures"), "{}", problem(&failures));
    let failures = TEMPLATE.replace("!GetAtt ScheduleDeadLetterQueue.Arn", "!GetAtt Elsewhere.Arn");
    assert!(problem(&failures).contains("no queue is named Elsewhere"), "{}", problem(&failures));
    let global = TEMPLATE.replace("CodeUri: .", "CodeUri: .\n    Environment: {}");
    assert!(problem(&global).contains("Globals.Function.Environment: unknown field"), "{}", problem(&global));
    let stage = TEMPLATE.replace("StageName: $default", "StageName: v1");
    assert!(problem(&stage).contains("StageName must be $default"), "{}", problem(&stage));
    assert!(problem("Resources: {}").contains("no AWS::DynamoDB::Table"));
}
