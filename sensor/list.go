package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/brandmelder/brandmelder/sensor/capture"
	"github.com/brandmelder/brandmelder/sensor/detect"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/output"
	"github.com/brandmelder/brandmelder/sensor/proto"
)

// lists is what can be listed, from the code's own registries.
var lists = map[string]func() (head []string, rows [][]string){
	"detectors": func() ([]string, [][]string) {
		var rows [][]string
		for _, s := range detect.All() {
			rows = append(rows, []string{s.Name, s.Family, s.Class.String(), strings.Join(s.Technique, " "), s.Doc})
		}
		return []string{"detector", "family", "class", "ATT&CK", "finds"}, rows
	},
	"protocols": func() ([]string, [][]string) {
		var rows [][]string
		for _, s := range proto.All() {
			over := "arp"
			if s.IP != proto.ARP {
				over = event.ProtoName(s.IP)
			}
			rows = append(rows, []string{s.Name, over, s.Source, s.Doc})
		}
		return []string{"protocol", "over", "source", "reads"}, rows
	},
	"captures": func() ([]string, [][]string) {
		var rows [][]string
		for _, s := range capture.All() {
			rows = append(rows, []string{s.Name, s.Doc})
		}
		return []string{"capture", "reads"}, rows
	},
	"outputs": func() ([]string, [][]string) {
		var rows [][]string
		for _, s := range output.All() {
			rows = append(rows, []string{s.Name, s.Doc})
		}
		return []string{"output", "writes"}, rows
	},
	"families": func() ([]string, [][]string) {
		var rows [][]string
		ruled := ruledFamilies()
		for _, f := range event.Families {
			var by []string
			for _, s := range detect.All() {
				if s.Family == f || s.Name == "rules" && ruled[f] {
					by = append(by, s.Name)
				}
			}
			rows = append(rows, []string{f, strings.Join(by, " ")})
		}
		return []string{"family", "detectors"}, rows
	},
}

func listCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:       "list detectors|protocols|captures|outputs|families",
		Short:     "what this binary has on its shelves",
		Args:      cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		ValidArgs: []string{"detectors", "protocols", "captures", "outputs", "families"},
		RunE: func(c *cobra.Command, args []string) error {
			head, rows := lists[args[0]]()
			if asJSON {
				return listJSON(c.OutOrStdout(), head, rows)
			}
			return listTable(c.OutOrStdout(), head, rows)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "for machines")
	return c
}

func listTable(w io.Writer, head []string, rows [][]string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{head}, rows...) {
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	return t.Flush()
}

func listJSON(w io.Writer, head []string, rows [][]string) error {
	e := json.NewEncoder(w)
	for _, row := range rows {
		object := make(map[string]string, len(head))
		for i, name := range head {
			object[name] = row[i]
		}
		if err := e.Encode(object); err != nil {
			return err
		}
	}
	return nil
}
