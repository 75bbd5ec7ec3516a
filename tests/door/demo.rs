//! The built-in server, behind the door like any other.

use crate::house::House;
use doorward::config::Upstream;
use doorward::demo;

#[test]
fn the_demo_server_knows_whom_the_door_let_in() {
    let house = House::with(|config, _| config.servers[0].upstream = Upstream::Demo);
    let token = house.token();
    let call = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"whoami\"}}";
    let mut client = house.connect();
    assert_eq!(client.post("/mcp", &token, "", call).answer().status, 502);
    let demo = demo::start(&house.directory.join("demo")).unwrap();
    let answer = client.post("/mcp", &token, "X-Doorward-User: admin\r\n", call).answer();
    assert_eq!((answer.status, answer.field("content-type")), (200, Some("application/json")));
    assert!(answer.body.contains("You are ann, calling through client_a with read."), "{}", answer.body);
    let notified = client.post("/mcp", &token, "", "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}").answer();
    assert_eq!((notified.status, notified.body.as_str()), (202, ""));
    let listening = client.get("/mcp", &token, "Accept: text/event-stream\r\n").answer();
    assert_eq!((listening.status, listening.field("allow")), (405, Some("POST, DELETE")));
    let large = format!("{{\"x\":\"{}\"}}", "x".repeat(300_000));
    assert_eq!(client.post("/mcp", &token, "", &large).answer().status, 413);
    drop(demo);
    assert_eq!(client.post("/mcp", &token, "", call).answer().status, 502);
}
