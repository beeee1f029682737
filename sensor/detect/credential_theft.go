package detect

import (
	"slices"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/know"
)

// credentialTheft finds secrets of a domain or a machine that are read or replaced
// from another host: copies of the directory made by what is no controller, secrets
// of the security authority, hives of the registry, passwords set.
type credentialTheft struct {
	*deeds
	made     *baseline.Map[pair, struct{}] // accounts made a moment ago, whose password is set with them
	partners *baseline.Map[pair, struct{}] // logins under the name by which controllers know each other
	waiting  []theftWaiting                // copies by partners that may prove to be controllers
}

// Places in theftDeeds.
const (
	theftSync = iota
	theftPartner
	theftShadow
	theftPrivate
	theftRefused
	theftSecret
	theftSetSecret
	theftHive
	theftFile
	theftDump
	theftPassword
	theftKey
	theftDelegation
	theftADFS
)

var theftDeeds = []deed{
	theftSync: {"DRSGetNCChanges", event.Critical, "T1003.006"},
	// With the name of a partner it may be a controller whose other work the sensor
	// does not see, beyond a slow line.
	theftPartner: {"DRSGetNCChanges by an unknown partner", event.Medium, "T1003.006"},
	theftShadow:  {"DRSAddEntry", event.Critical, "T1207"}, theftPrivate: {"LsarRetrievePrivateData", event.High, "T1003.004"},
	// Services keep their secrets there for themselves: nobody else has a reason to ask.
	theftRefused: {"LsarRetrievePrivateData refused", event.Medium, "T1003.004"},
	theftSecret:  {"LsarQuerySecret", event.High, "T1003.004"}, theftSetSecret: {"LsarSetSecret", event.High, "T1003.004"},
	theftHive: {"BaseRegSaveKey", event.High, "T1003.002"}, theftFile: {"file of secrets read", event.High, "T1003.003"}, theftDump: {"memory dump read", event.High, "T1003.001"},
	// People of a help desk do it too, though mostly over LDAP.
	theftPassword: {"SamrSetInformationUser", event.Medium, "T1098"},
	theftKey:      {"msDS-KeyCredentialLink changed", event.Medium, "T1098"}, theftDelegation: {"msDS-AllowedToActOnBehalfOfOtherIdentity changed", event.Medium, "T1098"},
	theftADFS: {"AD FS key", event.Medium, "T1552.004"},
}

const (
	theftWindow = 600 * second // an account that is made gets its password at once
	// A controller that replicates is asked for a ticket by somebody within minutes; a
	// fresh sensor may see it copy first.
	partnerProof = 600 * second
	partnersMost = 64 // that wait for proof
)

// theftWaiting is a copy by a partner that was not seen to be a controller yet.
type theftWaiting struct {
	pair  pair
	event event.Event
}

func newCredentialTheft(env Env, decode Decoder) (Detector, error) {
	return &credentialTheft{
		deeds:    newDeeds(env, "credential-theft", theftDeeds),
		made:     baseline.NewMap[pair, struct{}](env.State, "credential-theft.made", 4096, theftWindow),
		partners: baseline.NewMap[pair, struct{}](env.State, "credential-theft.partners", 4096, 24*3600*second),
	}, decode(&struct{}{})
}

func (c *credentialTheft) Observe(e *event.Event, report Report) {
	if e.Flow == nil {
		return
	}
	p := pairOf(e.Flow)
	kind, ok := 0, false
	switch e.Kind {
	case "rpc":
		kind, ok = c.call(p, e)
	case "smb":
		kind, ok = theftRead(e.Data)
	case "ldap":
		kind, ok = theftChange(e.Data)
	case "http":
		kind, ok = theftADFS, adfsTransfer(e.Data)
	case "auth":
		if l, is := e.Data.(*event.Login); is && know.Replicates(l.Service) {
			c.partners.Touch(p, e.Time)
		}
	}
	if ok {
		c.enter(kind, p, e, report)
	}
}

func (c *credentialTheft) call(p pair, e *event.Event) (kind int, ok bool) {
	operation := event.TextOf(e.Data, "brandmelder.rpc.operation")
	if refusedCall(e.Data) {
		return theftRefused, operation == "LsarRetrievePrivateData"
	}
	switch event.TextOf(e.Data, "brandmelder.rpc.interface") {
	case "drsuapi":
		return c.replication(p, operation, e)
	case "lsarpc":
		kind, ok = map[string]int{"LsarRetrievePrivateData": theftPrivate, "LsarQuerySecret": theftSecret, "LsarSetSecret": theftSetSecret}[operation]
	case "winreg":
		return theftHive, operation == "BaseRegSaveKey" || operation == "BaseRegSaveKeyEx"
	case "samr":
		switch operation {
		case "SamrCreateUserInDomain", "SamrCreateUser2InDomain":
			c.made.Touch(p, e.Time)
		case "SamrSetInformationUser", "SamrSetInformationUser2":
			return theftPassword, !recent(c.made, p, e.Time)
		}
	}
	return kind, ok
}

// postpone waits for a partner's proof and reports whether there is no room to wait.
func (c *credentialTheft) postpone(p pair, e *event.Event) bool {
	if slices.ContainsFunc(c.waiting, func(w theftWaiting) bool { return w.pair == p }) {
		return false
	}
	if len(c.waiting) < partnersMost {
		c.waiting = append(c.waiting, theftWaiting{p, *e})
		return false
	}
	return true
}

// Tick tells of the partners that no proof came for.
func (c *credentialTheft) Tick(now int64, report Report) {
	c.waiting = slices.DeleteFunc(c.waiting, func(w theftWaiting) bool {
		if now-w.event.Time < partnerProof {
			return false
		}
		if !c.env.Know.Controller(w.pair.client) {
			w.event.Time = now
			c.enter(theftPartner, w.pair, &w.event, report)
		}
		return true
	})
}

// replication tells copies of the directory that are made by, or offered by, what
// is no controller.
func (c *credentialTheft) replication(p pair, operation string, e *event.Event) (kind int, ok bool) {
	client, server := c.env.Know.Controller(p.client), c.env.Know.Controller(p.server)
	partner := recent(c.partners, p, e.Time)
	switch operation {
	case "DRSGetNCChanges":
		switch {
		case client:
			// A controller copies from controllers alone; with the right name it may
			// be one that is new.
			return theftShadow, !server && !partner
		case partner:
			return theftPartner, c.postpone(p, e)
		}
		return theftSync, true
	case "DRSAddEntry", "DRSReplicaAdd":
		return theftShadow, !client
	}
	return 0, false
}

// secretFiles are the files that hold the secrets of a machine or a domain.
var secretFiles = []string{"ntds.dit", "sam", "security", "sam.save", "security.save", "lsass.dmp"}

// theftRead looks for such files, and for hives and memory dumps under other names,
// that are read from an administrative share. Hives of people's profiles are read
// from ordinary shares at each logon.
func theftRead(r event.Record) (kind int, ok bool) {
	if event.TextOf(r, "brandmelder.smb.command") != "close" || event.NumberOf(r, "brandmelder.smb.read.bytes") == 0 {
		return 0, false
	}
	name := strings.ToLower(event.TextOf(r, "file.name"))
	if name == "ntds.dit" {
		return theftFile, true
	}
	if !event.IsTrue(r, "brandmelder.smb.share.admin") {
		return 0, false
	}
	switch event.TextOf(r, "brandmelder.smb.read.magic") {
	case "registry":
		return theftFile, !strings.HasPrefix(name, "ntuser") && !strings.HasPrefix(name, "usrclass")
	case "minidump":
		return theftDump, true
	}
	return theftFile, slices.Contains(secretFiles, name)
}

// theftChange looks for attributes by whose change an account is taken over, and
// for the key of AD FS.
func theftChange(r event.Record) (kind int, ok bool) {
	attributes := event.TextsOf(r, "brandmelder.ldap.attributes")
	has := func(name string) bool {
		return slices.ContainsFunc(attributes, func(a string) bool { return strings.EqualFold(a, name) })
	}
	switch event.TextOf(r, "brandmelder.ldap.operation") {
	case "modify":
		if has("msDS-KeyCredentialLink") {
			return theftKey, true
		}
		return theftDelegation, has("msDS-AllowedToActOnBehalfOfOtherIdentity")
	case "search":
		base := strings.ToLower(event.TextOf(r, "brandmelder.ldap.base"))
		return theftADFS, strings.Contains(base, "cn=adfs,cn=microsoft,cn=program data") && has("thumbnailPhoto")
	}
	return 0, false
}

// adfsTransfer knows the service by which servers of AD FS copy their policy, and
// by which others fetch its encrypted keys.
func adfsTransfer(r event.Record) bool {
	return event.TextOf(r, "http.request.method") == "POST" && strings.EqualFold(event.TextOf(r, "url.path"), "/adfs/services/policystoretransfer")
}

func init() {
	register(Spec{
		Name: "credential-theft", Doc: "secrets of a domain or machine are read or replaced from another host (DCSync, LSA, hives)",
		Family: "credential-theft", Technique: techniques(theftDeeds),
		Class: event.Absolute, Severity: event.High,
		Wants: []string{"rpc", "smb", "ldap", "http", "auth"}, Facts: deedTable, New: newCredentialTheft,
	})
}
