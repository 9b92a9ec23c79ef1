"""Channels of notifications. That they deliver is for interop/notifications.py."""

from operation_cases import case

CHANNELS = ({"kind": "email", "host": "mail.company.com", "user": "alarms", "secret": "a password", "from": "alarms@company.com", "to": ["anna@company.com"]},
            {"kind": "webhook", "url": "https://hook.company.com/x", "secret": "a key of some length"},
            {"kind": "syslog", "host": "log.company.com", "types": ["login_failed"], "severity": "critical"})


@case("POST", "/notification-channels")
@case("GET", "/notification-channels")
@case("GET", "/notification-channels/{id}")
@case("PATCH", "/notification-channels/{id}")
@case("DELETE", "/notification-channels/{id}")
def channels_are_made_changed_and_removed(api):
    add, show, change = (api.other(*one) for one in (("POST", "/notification-channels"), ("GET", "/notification-channels/{id}"), ("PATCH", "/notification-channels/{id}")))
    made = [add.ok({"name": f"case {one['kind']} {api.method}{len(api.path)}", **one}) for one in CHANNELS]
    assert [one["port"] for one in made] == [465, 0, 6514]
    listed = api.other("GET", "/notification-channels").ok(query="?limit=2")
    assert len(listed["channels"]) == 2 and listed["next"]
    assert "a password" not in str(listed)
    for one in made:
        assert show.ok(id=one["name"].replace(" ", "%20"))["id"] == one["id"]
        assert change.ok({"enabled": False, "severity": "warning"}, id=one["id"])["enabled"] is False
    add.refused(409, "MGR-062", {"name": made[2]["name"], **CHANNELS[2]})
    add.refused(422, "GEN-006", {"name": "1", "kind": "email"})
    change.refused(422, "MGR-063", {"host": "elsewhere.company.com"}, id=made[0]["id"])
    for one in made:
        api.other("DELETE", "/notification-channels/{id}").ok(id=one["id"])


@case("POST", "/notification-channels/{id}/test")
def a_test_says_what_failed(api):
    from mail_server import WebhookReceiver
    from estate import Authority
    authority = Authority(api.world.folder / "of the hook", "Hook CA")
    address = f"{api.world.net}.239"
    pair = authority.issue("hook.company.com")
    made = api.other("POST", "/notification-channels").ok({
        "name": "tried", "kind": "webhook", "url": f"https://hook.company.com:{api.world.port(4443)}/", "secret": "a key of some length",
        "ca": authority.certificate.read_text()})
    api.refused(502, "NET-005", id=made["id"])
    api.world.change_hosts(hook__company__com=address)
    receiver = WebhookReceiver(address, api.world.port(4443), pair, "a key of some length")
    try:
        from estate import wait_for
        wait_for(lambda: api.call(id=made["id"]).status == 200, "the name is known, and the receiver takes it")
        assert "204" in api.ok(id=made["id"])["detail"]
    finally:
        receiver.close()
    api.other("DELETE", "/notification-channels/{id}").ok(id=made["id"])
