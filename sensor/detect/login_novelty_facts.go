package detect

import (
	"strconv"

	"github.com/brandmelder/brandmelder/sensor/event"
)

const (
	noveltyNote  = 2 // points of a note
	noveltyAlarm = 3 // points of an alarm
)

// noveltyFacts is what is new in one use of an account.
type noveltyFacts struct {
	Protocol                string
	Clients, Services, Days int  // that are known of the account
	Admin                   bool // it administers hosts
	Bound                   bool // a machine's account, on another client
	Place                   bool // a part of the network that neither it nor its group used
	Service                 bool // a service that neither it nor its group used
	AdminService            bool // and one that serves to administer
	Spread                  bool // several such services within an hour
	OffShift                bool // an hour at which neither works
	Switch                  bool // the client is somebody else's
	NTLM                    bool // in the place of Kerberos, for the first time
	Station                 bool // the client gives another name than its own

	Kilometres, Speed int64 // from the latest login outside, and km/h that it would take; 0 possible
}

// points weighs them. A machine's account never moves by itself, so that is enough
// alone. Who administers has the most to lose and the most regular desk. New access
// from where the account does not belong is what Hopper alarms on (USENIX Security
// 2021, 3.4), so the two together weigh more.
func (f *noveltyFacts) points() (n int) {
	for _, c := range []struct {
		is    bool
		worth int
	}{
		{f.Bound, 3}, {f.Kilometres > 0, 3}, {f.Place, 1}, {f.Place && f.Admin, 1}, {f.Service, 1}, {f.AdminService, 1}, {f.Spread, 1},
		{f.OffShift, 1}, {f.Switch, 1}, {f.Switch && f.Admin, 1}, {f.Service && (f.Place || f.Switch), 1},
		{f.NTLM, 1}, {f.Station, 1},
	} {
		if c.is {
			n += c.worth
		}
	}
	if f.Kilometres == 0 && !f.Bound && !f.Place && !f.Service && !f.Switch && !f.Station {
		return 0 // an hour or a method alone is nobody's news
	}
	return n
}

// ntlmFresh reports whether the account used NTLM before; from then on it did.
func (h *loginHabit) ntlmFresh(now int64) bool { return h.ntlm == 0 || now-h.ntlm <= loginSitting }

// spreadServices is how many services new to the group one sitting may touch: a new
// application brings one or two.
const spreadServices = 3

// freshServices counts the services of this sitting that neither the account nor
// its group used before.
func (h *loginHabit) freshServices(w *loginWard, now int64) (n int) {
	for _, s := range h.services {
		if now-s.first <= loginSitting && !w.services.known(s.id, now) {
			n++
		}
	}
	return n
}

func hex64(n uint64) string { return strconv.FormatUint(n, 16) }

func noveltyField(name, doc string, get func(*noveltyFacts) bool) event.Field {
	return event.Bool("brandmelder.login_novelty."+name, event.Technical, doc, func(f *noveltyFacts) (bool, bool) { return get(f), get(f) })
}

var noveltyTable = event.NewTable("login-novelty", "An account used as it never was.",
	event.String("brandmelder.login_novelty.protocol", event.Technical, "protocol of the login", func(f *noveltyFacts) (string, bool) { return f.Protocol, true }),
	event.Int("brandmelder.login_novelty.known_clients", event.Technical, "clients that the account is known on, at most 24", func(f *noveltyFacts) (int64, bool) { return int64(f.Clients), true }),
	event.Int("brandmelder.login_novelty.known_services", event.Technical, "services that it is known at, at most 48", func(f *noveltyFacts) (int64, bool) { return int64(f.Services), true }),
	event.Int("brandmelder.login_novelty.days", event.Technical, "days with a login of it", func(f *noveltyFacts) (int64, bool) { return int64(f.Days), true }),
	noveltyField("administers", "the account administers hosts", func(f *noveltyFacts) bool { return f.Admin }),
	noveltyField("machine_moved", "it is a machine's account, and this is another client", func(f *noveltyFacts) bool { return f.Bound }),
	noveltyField("new_place", "neither it nor its group was ever in this part of the network", func(f *noveltyFacts) bool { return f.Place }),
	noveltyField("new_service", "neither it nor its group ever used this service", func(f *noveltyFacts) bool { return f.Service }),
	noveltyField("new_admin_service", "and the service serves to administer a host", func(f *noveltyFacts) bool { return f.AdminService }),
	noveltyField("several_services", "and it used several such services within an hour", func(f *noveltyFacts) bool { return f.Spread }),
	noveltyField("off_shift", "neither it nor its group works at this hour", func(f *noveltyFacts) bool { return f.OffShift }),
	noveltyField("credential_switch", "the client has been somebody else's alone", func(f *noveltyFacts) bool { return f.Switch }),
	noveltyField("ntlm_first", "it always used Kerberos, and now NTLM", func(f *noveltyFacts) bool { return f.NTLM }),
	event.Int("brandmelder.login_novelty.kilometres", event.Technical, "from its latest login outside, km, where nobody travels so fast", func(f *noveltyFacts) (int64, bool) { return f.Kilometres, f.Kilometres > 0 }),
	event.Int("brandmelder.login_novelty.speed", event.Technical, "that this would take, km/h", func(f *noveltyFacts) (int64, bool) { return f.Speed, f.Kilometres > 0 }),
	noveltyField("foreign_name", "the client gives another name than its own", func(f *noveltyFacts) bool { return f.Station }),
)

func (*noveltyFacts) Table() *event.Table { return noveltyTable }

// Of the closed list credential-theft is nearest by meaning: the account is used
// by somebody else than whom it belongs to. A new place of RDP has a family of its
// own, and what is only worth a note is policy.
func init() {
	register(Spec{
		Name: "login-novelty", Doc: "an account is used from a client, for a service and at an hour that are all new for it and its group",
		Family: "credential-theft", Technique: []string{"T1078", "T1550.002"},
		Class: event.Novelty, Severity: event.Medium,
		Wants: []string{"auth", "kerberos"}, Facts: noveltyTable, New: newLoginNovelty,
	})
}
