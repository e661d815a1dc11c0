use super::*;

fn now() -> Timestamp {
    "2026-01-31T00:00:00Z".parse().unwrap()
}

async fn line(work: impl Future<Output = ()>) -> Option<Value> {
    let ((), counts) = counted(work).await;
    counts.to_line("function", now(), "invocation-1").map(|line| serde_json::from_str(&line).unwrap())
}

#[tokio::test]
async fn a_line_says_what_was_counted_and_nothing_else() {
    let line = line(async {
        add(Metric::UsagesRecorded, 1);
        add(Metric::UsagesRecorded, 2);
        add(Metric::UsagesLate, 0);
        capacity(4_500, 1_000, 0);
        observe(Metric::CloseMilliseconds, 12);
        observe(Metric::CloseMilliseconds, 7);
    });

    let golden = json!({
        "_aws": {
            "Timestamp": 1_769_817_600_000_i64,
            "CloudWatchMetrics": [{
                "Namespace": "Countinghouse",
                "Dimensions": [["FunctionName"]],
                "Metrics": [
                    { "Name": "UsagesRecorded", "Unit": "Count" },
                    { "Name": "CloseMilliseconds", "Unit": "Milliseconds" },
                    { "Name": "ReadUnits", "Unit": "Count" },
                    { "Name": "WriteUnits", "Unit": "Count" },
                ],
            }],
        },
        "FunctionName": "function",
        "request_id": "invocation-1",
        "UsagesRecorded": 3,
        "CloseMilliseconds": [12, 7],
        "ReadUnits": 4.5,
        "WriteUnits": 1.0,
    });
    assert_eq!(line.await, Some(golden));
}

/// The rules of the format as CloudWatch publishes them; what breaks one is dropped without a word.
#[tokio::test]
async fn a_line_of_every_metric_keeps_the_rules_of_the_format() {
    let line = line(async {
        for metric in Metric::ALL {
            (0..MOST_VALUES + 1).for_each(|_| observe(*metric, 1_001));
        }
    });
    let line = line.await.unwrap();

    assert!(line["_aws"]["Timestamp"].is_u64());
    for directive in line["_aws"]["CloudWatchMetrics"].as_array().unwrap() {
        let name = |value: &Value, longest| {
            let name = value.as_str().unwrap().to_owned();
            assert!((1..=longest).contains(&name.len()) && name.is_ascii(), "{name}");
            name
        };
        name(&directive["Namespace"], 1024);
        for set in directive["Dimensions"].as_array().unwrap() {
            assert!(set.as_array().unwrap().len() <= 30);
            for dimension in set.as_array().unwrap() {
                name(&line[name(dimension, 250)], 1024);
            }
        }
        let metrics = directive["Metrics"].as_array().unwrap();
        assert!((1..=100).contains(&metrics.len()));
        for metric in metrics {
            let values = line[name(&metric["Name"], 1024)].as_array().unwrap();
            assert!(values.len() == MOST_VALUES && values.iter().all(Value::is_number), "{metric}");
            assert!(["Count", "Milliseconds"].contains(&metric["Unit"].as_str().unwrap()), "{metric}");
        }
    }
    assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap().len(), Metric::ALL.len());
}

#[tokio::test]
async fn nothing_counted_is_nothing_said() {
    assert_eq!(line(async { capacity(0, 0, 0) }).await, None);

    // Outside an invocation there is nobody to count for.
    add(Metric::UsagesRecorded, 1);
    assert_eq!(counted(async {}).await.1, Counts::default());
}

#[tokio::test]
async fn what_runs_beside_each_other_is_counted_apart() {
    let one = counted(async {
        add(Metric::UsagesRecorded, 1);
        tokio::task::yield_now().await;
        add(Metric::UsagesRecorded, 1);
    });
    let other = counted(async { add(Metric::UsagesRecorded, 5) });

    let (((), one), ((), other)) = tokio::join!(one, other);

    assert_eq!((one.of(Metric::UsagesRecorded), other.of(Metric::UsagesRecorded)), (2, 5));
}
