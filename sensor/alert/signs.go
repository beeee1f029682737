package alert

import "slices"

// maxSigns is how many signs a sentence names: who weighs the points wants all of
// them, and few findings have more.
const maxSigns = 8

// signPhrases says what a sign of a detector means, in each language. The document
// keeps the code. Phrases stand in a list: no commas.
var signPhrases = map[string][len(languages)]string{
	// What is said, and how.
	"windows-shell":    {"text of a Windows command line", "tekst van een Windows-opdrachtregel"},
	"unix-shell":       {"text of a Unix command line", "tekst van een Unix-opdrachtregel"},
	"caller-shell":     {"whoever opened the connection offers the command line", "wie de verbinding opende biedt de opdrachtregel aan"},
	"stage":            {"program code is sent behind its own length", "programmacode wordt verstuurd met haar lengte ervoor"},
	"zlib-frame":       {"compressed packets like those of Gh0st malware", "gecomprimeerde pakketten als van Gh0st-malware"},
	"tick-bar":         {"separators like those of njRAT malware", "scheidingstekens als van njRAT-malware"},
	"survey":           {"the first message describes a machine", "het eerste bericht beschrijft een systeem"},
	"bot-order":        {"orders or greetings like a Gafgyt bot's", "opdrachten of begroetingen als van een Gafgyt-bot"},
	"bot-hello":        {"a greeting like a Mirai bot's", "een begroeting als van een Mirai-bot"},
	"bare-endpoint":    {"dotnet messages to a bare address", "dotnet-berichten aan een kaal adres"},
	"hex-text":         {"text of nothing but hexadecimal digits", "tekst van alleen hexadecimale cijfers"},
	"framed":           {"a message begins with its length", "een bericht begint met zijn lengte"},
	"framed-in-digits": {"a message begins with its length in digits", "een bericht begint met zijn lengte in cijfers"},
	"server-first":     {"the server speaks first", "de server spreekt als eerste"},
	"led-by-server":    {"the server leads the conversation", "de server leidt het gesprek"},
	"keep-alive":       {"messages at a steady beat", "berichten in een vast ritme"},
	"opaque":           {"unreadable bytes in both directions", "onleesbare bytes in beide richtingen"},
	"unread-protocol":  {"an unknown protocol", "een onbekend protocol"},
	"long":             {"it lasts longer than five minutes", "het duurt langer dan vijf minuten"},
	"same-opening":     {"conversations begin with equally many bytes", "gesprekken beginnen met evenveel bytes"},
	"unanswered":       {"the other end does not answer", "de andere kant antwoordt niet"},

	// Where to, and when.
	"bare-host":         {"an address instead of a name", "een adres in plaats van een naam"},
	"bare-host-outside": {"that address lies outside the own network", "dat adres ligt buiten het eigen netwerk"},
	"odd-port":          {"an unusual port", "een ongebruikelijke poort"},
	"no-name":           {"the other end is not called by name", "de andere kant wordt niet bij naam genoemd"},
	"dynamic-name":      {"a name that anybody gets for free", "een naam die iedereen gratis krijgt"},
	"made-up-name":      {"a name that looks generated", "een naam die gegenereerd lijkt"},
	"repeated":          {"it happens repeatedly", "het gebeurt herhaaldelijk"},
	"regular":           {"it comes at regular intervals", "het komt met vaste tussenpozen"},
	"strays-on-purpose": {"times vary as if on purpose", "de tijden wisselen als met opzet"},
	"new-and-alone":     {"a new place that hardly anyone here uses", "een nieuwe plek die hier bijna niemand gebruikt"},
	"keeps-on":          {"it goes on for over eight hours", "het gaat langer dan acht uur door"},

	// Requests and answers.
	"fake-browser":         {"calls itself a browser but names no language", "noemt zich een browser maar noemt geen taal"},
	"tool-agent":           {"a tool or library asks and no browser", "een hulpprogramma of bibliotheek vraagt en geen browser"},
	"no-agent":             {"the program does not say its name", "het programma zegt niet hoe het heet"},
	"odd-agent":            {"the program's name is one bare word", "de programmanaam is één kaal woord"},
	"cookie-without-agent": {"a cookie but no name of a program", "wel een cookie maar geen programmanaam"},
	"blob-cookie":          {"a cookie of coded content without a name", "een naamloze cookie met gecodeerde inhoud"},
	"hidden-body":          {"unreadable content is sent as text", "onleesbare inhoud wordt als tekst verstuurd"},
	"untyped-body":         {"content is sent without saying its type", "inhoud wordt verstuurd zonder soort te noemen"},
	"coded-body":           {"the request is one coded text", "het verzoek is één gecodeerde tekst"},
	"machine-described":    {"the request lists details of the machine", "het verzoek somt gegevens van het systeem op"},
	"machine-fields":       {"names of fields that describe a machine", "veldnamen die een systeem beschrijven"},
	"script-post":          {"sent to a script without a page before", "verstuurd naar een script zonder pagina ervoor"},
	"stager-path":          {"a path as attack tools choose it", "een pad zoals aanvalsprogramma's dat kiezen"},
	"only-posts":           {"every request sends something", "elk verzoek verstuurt iets"},
	"refused-again":        {"goes on though every attempt is refused", "gaat door terwijl elke poging wordt geweigerd"},
	"same-post-elsewhere":  {"the same request goes to several places", "hetzelfde verzoek gaat naar meerdere plekken"},
	"mislabelled-answer":   {"the answer calls itself text but is none", "het antwoord heet tekst maar is dat niet"},
	"coded-answer":         {"the answer is one coded text", "het antwoord is één gecodeerde tekst"},
	"coded-picture":        {"coded text that passes for picture or sound", "gecodeerde tekst die doorgaat voor beeld of geluid"},
	"blob-answer":          {"the answer is a large unreadable block", "het antwoord is een groot onleesbaar blok"},
	"short-answer":         {"the answer is very short", "het antwoord is heel kort"},

	// Encryption.
	"framework-certificate": {"a certificate that attack tools bring along", "een certificaat dat aanvalsprogramma's meebrengen"},
	"self-signed":           {"a certificate that signs itself", "een certificaat dat zichzelf ondertekent"},
	"default-certificate":   {"a certificate filled in with defaults", "een certificaat met standaardwaarden"},
	"fresh-certificate":     {"a certificate less than a week old", "een certificaat van nog geen week oud"},
	"just-made":             {"a certificate less than an hour old", "een certificaat van nog geen uur oud"},
	"other-name":            {"a certificate for another name", "een certificaat op een andere naam"},
	"eternal-certificate":   {"a certificate for 15 years or more", "een certificaat voor 15 jaar of langer"},
	"rare-fingerprint":      {"encrypts as hardly any host here does", "versleutelt zoals hier bijna geen systeem doet"},

	// Programs that are fetched.
	"flash":              {"a file for Flash", "een bestand voor Flash"},
	"java":               {"a file for Java", "een bestand voor Java"},
	"silverlight":        {"a file for Silverlight", "een bestand voor Silverlight"},
	"pdf":                {"a PDF document", "een PDF-document"},
	"java-agent":         {"fetched by Java", "opgehaald door Java"},
	"office-agent":       {"fetched by an Office program", "opgehaald door een Office-programma"},
	"other-agent":        {"fetched by another program than the page", "opgehaald door een ander programma dan de pagina"},
	"no-languages":       {"the request names no language", "het verzoek noemt geen taal"},
	"no-referrer":        {"the request names no page before it", "het verzoek noemt geen pagina ervoor"},
	"false-type":         {"labelled as something else than a program", "aangeduid als iets anders dan een programma"},
	"untyped":            {"the answer does not say its type", "het antwoord noemt geen soort"},
	"no-program-name":    {"without a program's file name", "zonder bestandsnaam van een programma"},
	"no-file-name":       {"without a proper file name", "zonder echte bestandsnaam"},
	"led-by-other-site":  {"another site led to the page", "een andere site leidde naar de pagina"},
	"framed-page":        {"the page followed another site's at once", "de pagina volgde meteen op een andere site"},
	"at-once":            {"within two seconds after the page", "binnen twee seconden na de pagina"},
	"twice":              {"fetched twice in a row", "twee keer achter elkaar opgehaald"},
	"several":            {"three programs or more from there", "drie of meer programma's daarvandaan"},
	"class-from-address": {"a class of Java from a bare address", "een Java-klasse van een kaal adres"},
	"site-folder":        {"from a folder of a web site's software", "uit een map van websitesoftware"},

	// What is stolen.
	"key-libraries":     {"fetched libraries that open password stores", "bibliotheken opgehaald die wachtwoordkluizen openen"},
	"programs-first":    {"programs were fetched there too", "er zijn ook programma's opgehaald"},
	"own-address-asked": {"its own public address was asked for before", "vooraf is het eigen publieke adres opgevraagd"},
	"script":            {"sent to a script or the main page", "verstuurd naar een script of de hoofdpagina"},
	"archive":           {"a compressed archive was sent", "er is een gecomprimeerd archief verstuurd"},

	// Stores that are taken over: these go on from "they serve to" and "ze dienen om".
	"file-place-set":   {"set another place for its files", "een andere plek voor bestanden in te stellen"},
	"saved-there":      {"save data there", "daar gegevens op te slaan"},
	"module-loaded":    {"load a module", "een module te laden"},
	"follows-another":  {"have it copy another server", "hem een andere server te laten volgen"},
	"emptied":          {"delete data", "gegevens te wissen"},
	"read-out":         {"list or watch what it holds", "de inhoud uit te lezen of te volgen"},
	"accounts-changed": {"change accounts or a password", "accounts of een wachtwoord te wijzigen"},
	"stopped":          {"stop the server", "de server te stoppen"},
	"from-outside":     {"steer it from outside the own network", "hem van buiten het eigen netwerk te bedienen"},
}

// signsOf words signs by their codes; one that is unknown, as of a document that an
// older version wrote, stays as it is.
func signsOf(lang string, codes []string) string {
	var out []string
	for _, code := range codes {
		if phrase, known := signPhrases[code]; known {
			code = phrase[max(slices.Index(languages[:], lang), 0)]
		}
		out = append(out, code)
	}
	return first(out, maxSigns)
}
