package detect

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// write leaves the report as text, as JSON and as two plots.
func (ev *beaconEval) write(dir string) error {
	asJSON, err := json.MarshalIndent(ev, "", "  ")
	if err != nil {
		return err
	}
	for name, text := range map[string]string{
		"report.json": string(asJSON), "report.txt": ev.text(), "recall.svg": ev.recallPlot(), "roc.svg": ev.rocPlot(),
	} {
		if err := os.WriteFile(dir+"/"+name, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (ev *beaconEval) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d series of a day. RITA v5 (formulas) and plain variation at the cut that %.1e of chance passes; ours at the product's.\n\n", ev.Series, evalFalse)
	fmt.Fprintf(&b, "%-32s%10s%10s%10s\n", "", "ours", "RITA v5", "CV")
	row := func(what string, v map[string]float64, format string) {
		fmt.Fprintf(&b, "%-32s", what)
		for _, rv := range rivals {
			fmt.Fprintf(&b, format, v[rv.name])
		}
		b.WriteByte('\n')
	}
	row("cut", ev.Cut, "%10.3f")
	row("false alarms, calibration", ev.Chance, "%10.5f")
	row("held out, but looked at", ev.Looked, "%10.5f")
	row("false alarms, held out", ev.HeldOut, "%10.5f")
	b.WriteString("\nrecall by cell of the grid\n")
	for _, c := range append(ev.Cells, ev.Random...) {
		row(fmt.Sprintf("%-13s%-13s%5.0f", c.Base, c.Varies, c.Events), c.Recall, "%10.2f")
	}
	b.WriteString("\nrecall over the grid at shares of false alarms (calibration families)\n")
	for i, p := range ev.Roc["ours"] {
		v := map[string]float64{}
		for _, rv := range rivals {
			v[rv.name] = ev.Roc[rv.name][i].Recall
		}
		row(fmt.Sprintf("%.4f", p.False), v, "%10.3f")
	}
	for _, r := range ev.Real {
		fmt.Fprintf(&b, "\n%s: %d\n", r.What, r.Pairs)
		row("  share found", r.Found, "%10.3f")
		for _, l := range r.Listed {
			fmt.Fprintf(&b, "  %s\n", l)
		}
	}
	b.WriteString("\nwhat a site of such pairs learns: classes of 8, 16, 32, 64 calls and more, and slow ones\n")
	for _, s := range ev.Learned {
		fmt.Fprintf(&b, "  %-26s pairs %.0f, bars moved by %.2f; false at the product's bars %.5f, at those %.5f\n", s.Name, s.Pairs, s.Shift, s.Shipped, s.Learned)
	}
	keysText(&b, ev.Keys)
	softwareText(&b, "programs with a timer", ev.Software)
	softwareText(&b, "implants with such a timer", ev.Implants)
	fmt.Fprintf(&b, "\nbelow what is wanted: %d\n", len(ev.Missed))
	for _, m := range ev.Missed {
		fmt.Fprintf(&b, "  %s\n", m)
	}
	return b.String()
}

func softwareText(b *strings.Builder, what string, rows []evalSoftware) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s: share of sites in which the whole detector alarms, by hosts that have it\n%-32s", what, "")
	for _, hosts := range softwareHosts {
		fmt.Fprintf(b, "%10d", hosts)
	}
	for _, s := range rows {
		fmt.Fprintf(b, "\n%-32s", s.Name)
		for _, share := range s.Alarms {
			fmt.Fprintf(b, "%10.2f", share)
		}
	}
	b.WriteByte('\n')
}

// plotColours tell the rivals apart, for the colour-blind too (Okabe and Ito 2008).
var plotColours = map[string]string{"ours": "#0072b2", "rita": "#e69f00", "cv": "#999999"}

func svg(width, height int, body string) string {
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">`+
		`<rect width="100%%" height="100%%" fill="#fff"/>%s</svg>`+"\n", width, height, body)
}

// legend names the colours along the top.
func legend() string {
	var b strings.Builder
	for i, rv := range rivals {
		x := 200 + 110*i
		fmt.Fprintf(&b, `<rect x="%d" y="12" width="12" height="12" fill="%s"/><text x="%d" y="22">%s</text>`, x, plotColours[rv.name], x+18, rv.name)
	}
	return b.String()
}

// recallPlot has three bars for each cell.
func (ev *beaconEval) recallPlot() string {
	var b strings.Builder
	b.WriteString(legend())
	cells := append(ev.Cells[:len(ev.Cells):len(ev.Cells)], ev.Random...)
	for i, c := range cells {
		y := 40 + 26*i
		fmt.Fprintf(&b, `<text x="190" y="%d" text-anchor="end">%s, %s</text>`, y+15, c.Base, c.Varies)
		for k, rv := range rivals {
			fmt.Fprintf(&b, `<rect x="200" y="%d" width="%.1f" height="7" fill="%s"/>`, y+7*k, 1+400*c.Recall[rv.name], plotColours[rv.name])
		}
	}
	height := 60 + 26*len(cells)
	for k := range 5 {
		x := 200 + 100*k
		fmt.Fprintf(&b, `<line x1="%d" y1="32" x2="%d" y2="%d" stroke="#ddd"/><text x="%d" y="%d" text-anchor="middle">%d%%</text>`, x, x, height-22, x, height-6, 25*k)
	}
	return svg(640, height, b.String())
}

// rocPlot has recall over the grid against the share of false alarms, which goes
// in steps of the points that were measured.
func (ev *beaconEval) rocPlot() string {
	var b strings.Builder
	b.WriteString(legend())
	for _, rv := range rivals {
		var line []string
		for i, p := range ev.Roc[rv.name] {
			line = append(line, fmt.Sprintf("%d,%.1f", 70+60*i, 340-300*p.Recall))
		}
		fmt.Fprintf(&b, `<polyline fill="none" stroke="%s" stroke-width="2" points="%s"/>`, plotColours[rv.name], strings.Join(line, " "))
	}
	for i, p := range ev.Roc["ours"] {
		fmt.Fprintf(&b, `<text x="%d" y="358" text-anchor="middle">%g</text>`, 70+60*i, p.False)
	}
	for k := range 5 {
		y := 340 - 75*k
		fmt.Fprintf(&b, `<line x1="60" y1="%d" x2="570" y2="%d" stroke="#ddd"/><text x="55" y="%d" text-anchor="end">%d%%</text>`, y, y, y+4, 25*k)
	}
	b.WriteString(`<text x="320" y="380" text-anchor="middle">share of pairs without a timer that are called beacons</text>`)
	return svg(620, 395, b.String())
}
