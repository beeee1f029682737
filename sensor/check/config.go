package check

import "strings"

func init() {
	register(Spec{Name: "config", Doc: "the configuration, with the place of what is wrong and the key that was meant; keys that came with an upgrade", Run: config})
}

func config(e *Env) []Problem {
	if e.FileError == nil {
		if e.File == "" {
			e.fact("", say("no configuration file: the defaults", "geen configuratiebestand: de standaardwaarden"))
		} else {
			e.fact(e.File, say("is right", "is goed"))
		}
		return fresh(e)
	}
	return []Problem{{
		About: e.File,
		What:  say("%v", "%v", e.FileError),
		Lost:  say("a run does not start with it; this check goes on with the defaults", "run start er niet mee; deze controle gaat verder met de standaardwaarden"),
		Mend:  "sudoedit " + e.File,
	}}
}

func fresh(e *Env) []Problem {
	if len(e.Fresh) == 0 {
		return nil
	}
	return []Problem{{
		About: e.File, Note: true,
		What: say("since the upgrade there are more keys, at their defaults: %s", "sinds de nieuwe versie zijn er meer sleutels, op hun standaardwaarde: %s", strings.Join(e.Fresh, ", ")),
		Lost: say("nothing, unless another value suits you better", "niets, tenzij een andere waarde u beter past"),
		Mend: "man brandmelder.yaml",
	}}
}
