//! Which call a result answers.

use super::*;

/// The steps of a log: the names of the calls with what came of them, and results of no call.
fn pairs(rows: &[String]) -> Vec<(String, Option<String>)> {
    let (_, steps) = steps(&log(&rows.iter().map(String::as_str).collect::<Vec<_>>()));
    let told = |step: Step| match step.act {
        Act::Call { call, result, .. } => Some((call.name, result.map(|result| result.content))),
        Act::Result(result) => Some((String::new(), Some(result.content))),
        _ => None,
    };
    steps.into_iter().filter_map(told).collect()
}

fn pair(call: &str, result: Option<&str>) -> (String, Option<String>) {
    (call.to_owned(), result.map(str::to_owned))
}

fn call(id: &str, name: &str) -> String {
    format!(r#"{{"type":"tool_call","id":"{id}","name":"{name}","arguments":{{}}}}"#)
}

fn result(id: &str, content: &str) -> String {
    format!(r#"{{"type":"tool_result","call_id":"{id}","content":"{content}"}}"#)
}

#[test]
fn a_result_may_be_far_away() {
    let mut rows = vec![call("far", "slow"), call("near", "quick")];
    rows.extend(std::iter::repeat_n(String::from("{}"), 65_534));
    rows.extend([result("near", "soon"), result("far", "at last")]);
    let (timeline, steps) = steps(&log(&rows.iter().map(String::as_str).collect::<Vec<_>>()));
    for (step, wanted) in [(0, "at last"), (1, "soon")] {
        assert_eq!(timeline.mark(step).unwrap().state(), State::Passed);
        assert!(matches!(&steps[step].act, Act::Call { result: Some(result), .. } if result.content == wanted));
    }
    assert_eq!(timeline.len(), 65_536);
}

#[test]
fn a_result_that_names_its_tool_is_of_that_tool() {
    let named = |name: &str| format!(r#"{{"type":"tool_result","name":"{name}","content":"of {name}"}}"#);
    let nested = |row: &str| format!(r#"{{"type":"subagent_event","subagent_id":"s","inner":{row}}}"#);
    let calls = ["bash", "skill", "skill"].map(|name| call("", name));
    let rows = [calls.to_vec(), vec![named("skill"), named("other"), result("", "of any")]].concat();
    let wanted = [
        pair("bash", Some("of any")),
        pair("skill", Some("of skill")),
        pair("skill", None),
        pair("", Some("of other")),
    ];
    assert_eq!(pairs(&rows), wanted);
    let rows = [nested(&calls[0]), nested(&calls[1]), nested(&named("skill"))];
    assert_eq!(
        pairs(&rows),
        wanted[..2].iter().map(|(call, _)| pair(call, (call == "skill").then_some("of skill"))).collect::<Vec<_>>()
    );
}

#[test]
fn calls_of_one_id_get_their_results_in_order() {
    let rows = [call("0", "a"), call("0", "b"), result("0", "of a"), result("0", "of b"), result("0", "of none")];
    let wanted = [pair("a", Some("of a")), pair("b", Some("of b")), pair("", Some("of none"))];
    assert_eq!(pairs(&rows), wanted);
    // The first was given up before the second was asked.
    let prompt = r#"{"type":"user_message","text":"x"}"#.to_owned();
    let rows = [call("0", "a"), prompt, call("0", "b"), result("0", "of b")];
    assert_eq!(pairs(&rows), [pair("a", None), pair("b", Some("of b"))]);
}

#[test]
fn a_row_that_is_too_long_has_its_pair_and_no_part_of_it_is_a_file() {
    let long = "x".repeat(16 << 20);
    let write = |id: &str, content: &str| {
        let arguments = format!(r#"{{"path":"a","content":"{content}"}}"#);
        format!(r#"{{"type":"tool_call","id":"{id}","name":"write_file","arguments":{arguments}}}"#)
    };
    let diff = format!(r#"{{"diff":{{"old_text":"{long}","new_text":"x\n"}}}}"#);
    let told = r#""success":true,"status":"completed""#;
    let rows = [
        format!(r#"{{"type":"user_message","text":"{long}"}}"#),
        write("1", "x\\n"),
        format!(r#"{{"type":"tool_result","call_id":"1","content":"ok","metadata":{diff},{told}}}"#),
        write("2", &long),
        result("2", "ok"),
        write("3", "y\\n"),
        result("3", "ok"),
    ];
    let conversation = log(&rows.each_ref().map(String::as_str));
    let (timeline, steps) = steps(&conversation);
    let marks: Vec<_> = timeline.marks().iter().map(|mark| (mark.kind(), mark.state())).collect();
    let passed = (Kind::Call, State::Passed);
    assert_eq!(marks, [(Kind::Prompt, State::Open), passed, passed, passed]);
    assert!(matches!(steps[0].act, Act::Damaged { is_long: true, .. }));
    let recovered = [1, 2, 3].map(|step: usize| {
        let changes = Recovery::default().changes(&conversation, &timeline, &steps[step]).unwrap();
        changes[0].recovered.clone()
    });
    let overwritten = Recovered::Overwritten("y\n".into());
    assert_eq!(recovered, [Recovered::TooLong, Recovered::TooLong, overwritten]);
}
