package alert

import (
	"math"
	"strconv"
	"strings"
)

// some is the format that takes zero and false for absent and writes nothing for
// true, so that an optional part can depend on them.
const some = "some"

// formats are what may stand behind the bar of a placeholder.
var formats = map[string]func(lang, raw string) string{
	"":         func(_, raw string) string { return raw },
	some:       func(_, raw string) string { return strings.TrimPrefix(raw, "true") },
	"number":   numeric(number),
	"bytes":    numeric(bytes),
	"duration": numeric(duration), // of seconds
	"percent":  numeric(func(lang string, v float64) string { return number(lang, 100*v) + "%" }),
}

func numeric(write func(string, float64) string) func(lang, raw string) string {
	return func(lang, raw string) string {
		v, err := strconv.ParseFloat(raw, 64)
		if err != nil {
			return raw
		}
		return write(lang, v)
	}
}

// number is short enough to read and long enough to check: whole, or with at
// most two decimals.
func number(lang string, v float64) string {
	digits := 2
	if math.Abs(v) >= 100 || v == math.Trunc(v) {
		digits = 0
	}
	s := strconv.FormatFloat(v, 'f', digits, 64)
	if digits > 0 {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	if lang == "nl" {
		s = strings.Replace(s, ".", ",", 1)
	}
	return s
}

func bytes(lang string, v float64) string {
	unit := 0
	units := [...]string{"bytes", "kB", "MB", "GB", "TB"}
	for v >= 1000 && unit < len(units)-1 {
		v /= 1000
		unit++
	}
	return number(lang, math.Round(v*10)/10) + " " + units[unit]
}

// spans are units of time, longest first.
var spans = [...]struct {
	seconds  float64
	one, all [len(languages)]string
}{
	{86400, [...]string{"day", "dag"}, [...]string{"days", "dagen"}},
	{3600, [...]string{"hour", "uur"}, [...]string{"hours", "uur"}},
	{60, [...]string{"minute", "minuut"}, [...]string{"minutes", "minuten"}},
	{1, [...]string{"second", "seconde"}, [...]string{"seconds", "seconden"}},
}

// duration is a length of time in seconds, in the largest unit of which there
// are at least two, so that it stays precise enough.
func duration(lang string, v float64) string {
	index := 0
	if lang == "nl" {
		index = 1
	}
	for _, s := range spans {
		n := v / s.seconds
		if n < 2 && s.seconds > 1 {
			continue
		}
		n = math.Round(n*10) / 10
		if n == 1 {
			return number(lang, n) + " " + s.one[index]
		}
		return number(lang, n) + " " + s.all[index]
	}
	return number(lang, v)
}

// counted are the units that detectors count in: one of them in English, one and many
// in Dutch.
var counted = map[string][3]string{
	"accounts":                     {"account", "account", "accounts"},
	"anomalies":                    {"anomaly", "afwijking", "afwijkingen"},
	"answers":                      {"answer", "antwoord", "antwoorden"},
	"attempts":                     {"attempt", "poging", "pogingen"},
	"calls":                        {"call", "aanroep", "aanroepen"},
	"clients":                      {"client", "client", "clients"},
	"commands":                     {"command", "opdracht", "opdrachten"},
	"connections":                  {"connection", "verbinding", "verbindingen"},
	"contacts":                     {"contact", "contact", "contacten"},
	"events":                       {"event", "gebeurtenis", "gebeurtenissen"},
	"failures":                     {"failure", "mislukte poging", "mislukte pogingen"},
	"files":                        {"file", "bestand", "bestanden"},
	"hosts":                        {"host", "systeem", "systemen"},
	"logins":                       {"login", "aanmelding", "aanmeldingen"},
	"masters":                      {"master", "master", "masters"},
	"messages":                     {"message", "bericht", "berichten"},
	"names":                        {"name", "naam", "namen"},
	"networks":                     {"network", "netwerk", "netwerken"},
	"new masters":                  {"new master", "nieuwe master", "nieuwe masters"},
	"orders":                       {"order", "opdracht", "opdrachten"},
	"packets":                      {"packet", "pakket", "pakketten"},
	"points":                       {"point", "punt", "punten"},
	"ports":                        {"port", "poort", "poorten"},
	"programs":                     {"program", "programma", "programma's"},
	"queries":                      {"query", "vraag", "vragen"},
	"refused per login":            {"refused per login", "geweigerd per aanmelding", "geweigerd per aanmelding"},
	"requests":                     {"request", "verzoek", "verzoeken"},
	"sessions":                     {"session", "sessie", "sessies"},
	"shares":                       {"share", "share", "shares"},
	"steps":                        {"step", "stap", "stappen"},
	"targets":                      {"target", "doel", "doelen"},
	"things new":                   {"thing new", "nieuw ding", "nieuwe dingen"},
	"tickets":                      {"ticket", "ticket", "tickets"},
	"titles":                       {"title", "titel", "titels"},
	"unanswered per first contact": {"unanswered per first contact", "onbeantwoord per eerste contact", "onbeantwoord per eerste contact"},
	"unknown":                      {"unknown", "onbekend", "onbekend"},
	"users":                        {"user", "gebruiker", "gebruikers"},
	"weaknesses":                   {"weakness", "zwakke plek", "zwakke plekken"},
}

// unitOf is the unit as it stands behind a value; one that is unknown as it is.
func unitOf(lang string, value float64, unit string) string {
	words, known := counted[unit]
	switch {
	case lang == "nl" && known && value == 1:
		return words[1]
	case lang == "nl" && known:
		return words[2]
	case value == 1 && known:
		return words[0]
	}
	return unit
}

// Quantity words a value with its unit: bytes and seconds in a fitting multiple,
// other units in the language.
func Quantity(lang string, value float64, unit string) string {
	switch unit {
	case "":
		return number(lang, value)
	case "bytes":
		return bytes(lang, value)
	case "s":
		return duration(lang, value)
	case "share":
		return formats["percent"](lang, strconv.FormatFloat(value, 'g', -1, 64))
	}
	return number(lang, value) + " " + unitOf(lang, value, unit)
}
