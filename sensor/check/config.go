package check

func init() {
	register(Spec{Name: "config", Doc: "the configuration, with the place of what is wrong and the key that was meant", Run: config})
}

func config(e *Env) []Problem {
	if e.FileError == nil {
		if e.File == "" {
			e.fact("", say("no configuration file: the defaults", "geen configuratiebestand: de standaardwaarden"))
		} else {
			e.fact(e.File, say("is right", "is goed"))
		}
		return nil
	}
	return []Problem{{
		About: e.File,
		What:  say("%v", "%v", e.FileError),
		Lost:  say("a run does not start with it; this check goes on with the defaults", "run start er niet mee; deze controle gaat verder met de standaardwaarden"),
		Mend:  "sudoedit " + e.File,
	}}
}
