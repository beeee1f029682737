package check

func init() {
	register(Spec{Name: "rules", Doc: "do the rules load", Run: rules})
}

func rules(e *Env) []Problem {
	n, err := e.Rules()
	if err != nil {
		return []Problem{{
			What: say("the rules do not load: %v", "de regels laden niet: %v", err),
			Lost: say("a run does not start with them, and one that runs keeps those it has", "run start er niet mee, en een die loopt houdt wat hij heeft"),
			Mend: e.Command + " rules list",
		}}
	}
	e.fact("", say("%d rules", "%d regels", n))
	return nil
}
