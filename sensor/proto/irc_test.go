package proto

import (
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/google/go-cmp/cmp"
)

func TestIRCOfABot(t *testing.T) {
	d := readDialogue(t, "testdata/irc/hit-bot.hex")
	nick := "[DEU|XP|471147]"
	want := []*IRC{
		{What: "join", Nick: nick, BotNick: true, Channel: "#ops", Keyed: true},
		{What: "order", Nick: nick, BotNick: true, Channel: "#ops", Keyed: true, Order: "advscan", Topic: true},
		{What: "order", Nick: nick, BotNick: true, Channel: "#ops", Keyed: true, Order: "udp"},
		{What: "end", Nick: nick, BotNick: true, Sent: 1, Received: 1},
	}
	if d := cmp.Diff(want, hear[*IRC](&ircParser{}, d)); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	logins := []*event.Login{{Protocol: "irc", Method: "password", User: nick, Outcome: event.Success, Clear: true, Attempt: 1}}
	if d := cmp.Diff(logins, hear[*event.Login](&ircParser{}, d)); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

func TestIRCOfPeople(t *testing.T) {
	want := []*IRC{
		{What: "join", Nick: "ann", Channel: "#tea"},
		{What: "join", Nick: "ann", Channel: "#cake"},
		{What: "end", Nick: "ann", Sent: 1, Received: 1},
	}
	if d := cmp.Diff(want, hear[*IRC](&ircParser{}, readDialogue(t, "testdata/irc/hit-chat.hex"))); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

func TestBotShapes(t *testing.T) {
	for nick, want := range map[string]bool{
		"[USA|XP|123456]": true, "DEU-W7-4711": true, "x86|mipsel|19482": true, "{BOT}8372": true,
		"ann": false, "bob_1984": false, "linux-fan": false, "XP123": false, "": false, "[away]ann77": false,
	} {
		if botNick(nick) != want {
			t.Errorf("nick %s: %v", nick, !want)
		}
	}
	for text, want := range map[string]string{
		".advscan dcom135 100": "advscan", "!udpflood 192.0.2.1 80": "udpflood", "!* SH id": "sh", "!* TSUNAMI 192.0.2.1 30": "tsunami",
		"!help me": "", "advscan x": "", ".advscan": "", "... and so on": "", "!seen ann": "", "!ann SH": "", "": "",
	} {
		if got := botOrder(text); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}
