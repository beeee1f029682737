package event

// families are the closed list of what an alert can be about, in the order of their names,
// with what people call each. Each alert names one.
var families = []struct{ name, en, nl string }{
	{"arp-spoofing", "Putting itself between others (ARP)", "Zich tussen anderen zetten (ARP)"},
	{"beacon", "Regular contact with a command server", "Regelmatig contact met een aansturende server"},
	{"c2-channel", "Command channel", "Kanaal voor aansturing van buiten"},
	{"cleartext-credentials", "Readable passwords", "Leesbare wachtwoorden"},
	{"client-exploit", "Attack by a web page", "Aanval door een webpagina"},
	{"credential-theft", "Stolen passwords, tickets or accounts", "Gestolen wachtwoorden, tickets of accounts"},
	{"cryptomining", "Cryptocurrency mining", "Delven van cryptomunten"},
	{"dga", "Names that a program made up", "Namen die een programma verzint"},
	{"directory-recon", "Exploring the domain", "Verkennen van het domein"},
	{"dns-tunnel", "Data hidden in name queries", "Gegevens verstopt in naamvragen"},
	{"executable-transfer", "Program moved over the network", "Programma verplaatst over het netwerk"},
	{"exfiltration", "Data leaves the institution", "Gegevens verlaten de instelling"},
	{"forced-authentication", "Making another host log on", "Een ander laten aanmelden"},
	{"icmp-tunnel", "Data in pings", "Gegevens in pings"},
	{"ics-command", "Orders to controllers", "Opdrachten aan besturingen"},
	{"kerberos-downgrade", "Weak or odd Kerberos tickets", "Zwakke of vreemde Kerberos-tickets"},
	{"kerberos-roasting", "Collecting Kerberos tickets", "Verzamelen van Kerberos-tickets"},
	{"login-bruteforce", "Password guessing", "Raden van wachtwoorden"},
	{"login-spray", "A few passwords against many accounts", "Enkele wachtwoorden tegen veel accounts"},
	{"netlogon-exploit", "Attack on a domain controller (Zerologon)", "Aanval op een domeincontroller (Zerologon)"},
	{"policy", "Against the rules, or unusual", "Tegen de regels, of ongewoon"},
	{"ransomware", "Files being encrypted on a share", "Versleutelen van bestanden op een share"},
	{"rdp-anomaly", "Unusual remote desktop use", "Ongewoon gebruik van extern bureaublad"},
	{"remote-execution", "Programs started from elsewhere", "Programma's van elders gestart"},
	{"scan", "Looking for hosts and services", "Zoeken naar hosts en diensten"},
	{"service-exploit", "Attack on a network service", "Aanval op een netwerkdienst"},
	{"smb-exploit", "Attack on Windows file sharing", "Aanval op Windows-bestandsdeling"},
	{"user-enumeration", "Trying out which accounts exist", "Uitproberen welke accounts bestaan"},
	{"web-exploit", "Attack on a web server", "Aanval op een webserver"},
}

// Families are their names.
var Families = func() (names []string) {
	for _, f := range families {
		names = append(names, f.name)
	}
	return names
}()

// FamilyTitle is what people call a family, in nl or else in English.
func FamilyTitle(lang, name string) string {
	for _, f := range families {
		if f.name == name && lang == "nl" {
			return f.nl
		}
		if f.name == name {
			return f.en
		}
	}
	return name
}
