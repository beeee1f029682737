package detect

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/know"
)

// loginNovelty finds accounts that are used as they never were. One thing that is
// new is ordinary: people change desks, wards and duties. What is told is several
// at once (Hopper, USENIX Security 2021: new access together with another account
// than the host's own), a machine's account away from its machine, or an account at
// two places outside between which nobody travels so fast; that needs no learning.
//
// Accounts are kept as hashes; the name is in the alert alone, from the login at
// hand. Accounts of computers (a dollar at the end) are left out: their client is
// the computer, under whatever address it has today.
type loginNovelty struct {
	env    Env
	where  func(netip.Addr) know.Place
	lesson *baseline.Lesson
	habits *baseline.Map[uint64, loginHabit]
	wards  *baseline.Map[uint64, loginWard]
	owners *baseline.Map[uint64, clientOwners] // by client
	told   *baseline.Map[noveltyKey, int]      // points
}

type noveltyKey struct{ account, client uint64 }

// clientOwners is who uses a client.
type clientOwners struct {
	since int64
	users seenList
}

const (
	noveltyAccounts = 20_000 // 4 kB each at most
	noveltyWards    = 1024
	noveltyClients  = 20_000
	noveltyMemory   = 60 * day
	noveltyDays     = 14 // a night shift, a weekend and the duty after that have passed

	// A desk is one person's who makes most of its logins, and not just today: the
	// helpdesk and a colleague come by.
	ownersShare = 0.7
	ownersTimes = 20
	ownersMost  = 8

	// Less than this share of the account's own logins, and less than that of its
	// group's, fall in an hour that is nobody's shift.
	offOwn  = 0.01
	offWard = 0.03
)

type noveltyConfig struct {
	// Days that are only learned from.
	LearnDays int `yaml:"learn_days"`
}

func newLoginNovelty(env Env, decode Decoder) (Detector, error) {
	c := noveltyConfig{LearnDays: noveltyDays}
	if err := decode(&c); err != nil {
		return nil, err
	}
	s := env.State
	return &loginNovelty{
		env:    env,
		where:  env.Know.Place,
		lesson: s.Learn("login-novelty", int64(max(c.LearnDays, 0))*day),
		habits: baseline.Keep(s, baseline.NewMap[uint64, loginHabit](s, "login-novelty.accounts", noveltyAccounts, noveltyMemory)),
		wards:  baseline.Keep(s, baseline.NewMap[uint64, loginWard](s, "login-novelty.groups", noveltyWards, noveltyMemory)),
		owners: baseline.Keep(s, baseline.NewMap[uint64, clientOwners](s, "login-novelty.clients", noveltyClients, noveltyMemory)),
		told:   baseline.NewMap[noveltyKey, int](s, "login-novelty.told", noveltyClients, day),
	}, nil
}

// loginUse is one use of an account.
type loginUse struct {
	account, client, place, service uint64
	from                            netip.Addr
	user, protocol, method, station string
	admin                           bool // the service is there to administer a host
	at                              int64
}

func (d *loginNovelty) Tick(int64, Report) {}

func (d *loginNovelty) Observe(e *event.Event, report Report) {
	u, ok := d.use(e)
	if !ok {
		return
	}
	learned := d.lesson.Over(u.at)
	habit, _ := d.habits.Touch(u.account, u.at)
	home := habit.places.most()
	if home == 0 {
		home = u.place
	}
	ward, _ := d.wards.Touch(home, u.at)
	owners, fresh := d.owners.Touch(u.client, u.at)
	if fresh {
		owners.since = u.at
	}
	if habit.hours.share(u.at) < offOwn && ward.hours.share(u.at) < offWard {
		habit.offShift = u.at
	}
	habit.note(&u)
	var facts noveltyFacts
	if learned && habit.settled(u.at) {
		facts = d.judge(&u, habit, ward, owners)
	}
	facts.Protocol, facts.Clients, facts.Services, facts.Days = u.protocol, len(habit.clients), len(habit.services), habit.days
	facts.Kilometres, facts.Speed = habit.travel(d.where(d.outsideOf(&u)), u.at)
	d.tell(e, &u, facts, report)
	ward.note(&u)
	owners.users.add(u.account, u.at, ownersMost)
}

// use reads who used what from where: logins that were let in, and tickets, which
// say in the clear who wants to go where.
func (d *loginNovelty) use(e *event.Event) (u loginUse, ok bool) {
	if e.Flow == nil {
		return u, false
	}
	host := ""
	switch r := e.Data.(type) {
	case *event.Login:
		if r.Outcome != event.Success || r.User == "" {
			return u, false
		}
		u.user, u.protocol, u.method, u.station = r.User, r.Protocol, r.Method, r.Workstation
		if u.protocol != "kerberos" {
			host = e.Flow.Server.Addr().String()
		}
		u.admin = slices.Contains(adminProtocols, u.protocol)
	default:
		if event.TextOf(r, "brandmelder.kerberos.message") != "TGS-REP" {
			return u, false
		}
		u.user, u.protocol = event.TextOf(r, "brandmelder.kerberos.client"), "kerberos"
		host = strings.ToLower(event.TextOf(r, "brandmelder.kerberos.service"))
		class, _, _ := strings.Cut(host, "/")
		u.admin = slices.Contains(adminServices, class)
	}
	name, _, _ := strings.Cut(strings.ToLower(u.user), "@")
	if name = name[strings.LastIndexByte(name, '\\')+1:]; name == "" || strings.HasSuffix(name, "$") || strings.HasPrefix(host, "krbtgt") {
		return u, false
	}
	u.account, u.at, u.from = idOfAll(name), e.Time, e.Flow.Client.Addr()
	u.client, u.place = idOfAll(string(d.env.Know.Entity(u.from).Asset)), d.placeOf(u.from)
	if host != "" {
		u.service = idOfAll(u.protocol, host)
	}
	return u, true
}

// What serves to administer a host, and no one else's work.
var (
	adminProtocols = []string{"ssh", "rdp", "telnet", "vnc", "winrm"}
	adminServices  = []string{"termsrv", "wsman", "rpcss", "rpc", "winrm"}
)

// placeOf is the zone of a client, else its network: a /24, or a /64 of IPv6.
func (d *loginNovelty) placeOf(a netip.Addr) uint64 {
	if z := d.env.Know.Zone(a); z != nil {
		return idOfAll("zone", z.Name)
	}
	bits := 24
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits)
	return idOfAll(p.String())
}

// judge says what is new in a use.
func (d *loginNovelty) judge(u *loginUse, h *loginHabit, w *loginWard, o *clientOwners) noveltyFacts {
	group := len(w.members) >= wardLeast
	f := noveltyFacts{Admin: h.isAdmin(u.at)}
	roams := len(h.clients) >= habitRoams
	newClient := !h.clients.known(u.client, u.at)
	f.Bound = newClient && h.bound(u.at)
	f.Place = newClient && !roams && !h.places.known(u.place, u.at) && !(group && w.visits(u.place, u.at))
	if u.service != 0 && len(h.services) < habitServices && len(w.services) < wardServices {
		f.Service = !h.services.known(u.service, u.at) && group && !w.services.known(u.service, u.at)
	}
	f.Spread = group && h.freshServices(w, u.at) >= spreadServices
	f.AdminService = f.Service && u.admin && !f.Admin
	f.OffShift = h.offShift != 0 && u.at-h.offShift <= loginSitting
	f.Switch = newClient && !roams && o.othersDesk(u)
	f.NTLM = u.method == "ntlm" && h.kerberos >= 20 && h.ntlmFresh(u.at)
	f.Station = u.method == "ntlm" && newClient && foreignName(u.station, d.env.Know.NameOf(u.from))
	return f
}

// othersDesk reports whether the client has for a week been somebody else's own.
func (o *clientOwners) othersDesk(u *loginUse) bool {
	all, most := uint32(0), loginSeen{}
	for _, s := range o.users {
		all += s.times
		if s.times > most.times {
			most = s
		}
	}
	return most.id != u.account && most.times >= ownersTimes && u.at-most.first > settledSpan &&
		float64(most.times) >= ownersShare*float64(all)
}

// foreignName reports whether a client calls itself otherwise than it is known.
func foreignName(station, known string) bool {
	short := func(s string) string {
		s, _, _ = strings.Cut(strings.ToLower(strings.Trim(s, `\`)), ".")
		return s[:min(len(s), 15)] // NetBIOS
	}
	return station != "" && known != "" && short(station) != short(known)
}

func (d *loginNovelty) tell(e *event.Event, u *loginUse, f noveltyFacts, report Report) {
	points := f.points()
	if points < noveltyNote || points == noveltyNote && !f.Admin {
		return
	}
	told, _ := d.told.Touch(noveltyKey{u.account, u.client}, u.at)
	if *told >= noveltyAlarm || *told >= points {
		return
	}
	*told = points
	finding := event.Finding{
		Key: u.from.String() + " " + hex64(u.account), Time: u.at, Onset: u.at,
		Subject: d.env.Know.Entity(u.from), Peer: d.env.Know.Entity(e.Flow.Server.Addr()), Port: e.Flow.Server.Port(),
		Flows: []event.FlowRef{e.Flow.Ref()}, FlowsTotal: 1,
		Observed: event.Measure{Value: float64(points), Unit: "things new", N: 1},
		Baseline: event.Measure{Value: float64(f.Clients), Unit: "clients", N: f.Days, Since: d.lesson.Since},
		Facts:    &f, Score: min(50+10*float64(points), 90), Severity: event.Medium, Class: event.Novelty,
	}
	switch {
	case points < noveltyAlarm:
		finding.Family, finding.Severity = "policy", event.Low
	case u.protocol == "rdp":
		finding.Family = "rdp-anomaly"
	}
	if points > noveltyAlarm+1 {
		finding.Severity = event.High
	}
	finding.Subject.User = u.user
	report(finding)
}
