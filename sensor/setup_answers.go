package main

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

	questions "github.com/brandmelder/brandmelder/sensor/check"
	"github.com/brandmelder/brandmelder/sensor/iface"
)

// answers are what the configuration is made of.
type answers struct {
	mirror               []string
	lang, name           string
	elastic, key, caFile string
}

func (a *answers) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringSliceVar(&a.mirror, "mirror", nil, "mirror ports: names, or mac:ADDRESS or pci:PLACE, which hold when the kernel counts anew")
	f.StringVar(&a.lang, "lang", "", "language of the messages, en or nl; without it as $LANG")
	f.StringVar(&a.name, "name", "", "name of this sensor; without it that of the host")
	f.StringVar(&a.elastic, "elasticsearch", "", "where documents go too, such as https://elastic:9200")
	f.StringVar(&a.key, "elastic-key-file", "", "file with the sensor's key for it, as elastic install --sensor makes it")
	f.StringVar(&a.caFile, "elastic-ca-file", "", "authority of its certificate, PEM; without it the system's")
}

// language is that of the flag, else of the terminal.
func (s *setup) language() string {
	if s.lang == "" && strings.HasPrefix(os.Getenv("LANG"), "nl") {
		return "nl"
	}
	if s.lang == "" {
		return "en"
	}
	return s.lang
}

// ask completes the answers: at most five questions, and none that a flag answered.
func (s *setup) ask(e *questions.Env) (err error) {
	proposed := e.Proposal()
	if proposed != "" {
		proposed = iface.Lasting(proposed)
	}
	if len(s.mirror) == 0 && proposed == "" && s.in == nil {
		return bad("%s", s.phrase("no interface sees traffic between others, so none is proposed; name one with --mirror, or make the switch mirror to this machine",
			"geen enkele interface ziet verkeer tussen anderen, dus er is geen voorstel; noem er een met --mirror, of laat de switch naar deze machine spiegelen"))
	}
	mirror := strings.Join(s.mirror, ",")
	for _, q := range []question{
		{"which interface is the mirror port (several with commas)", "welke interface is de mirrorpoort (meer met komma's)", &mirror, proposed, arePorts},
		{"language of the messages, en or nl", "taal van de meldingen, en of nl", &s.lang, s.Lang, isLanguage},
		{"Elasticsearch to send to, such as https://elastic:9200; empty: none", "Elasticsearch om naar te sturen, zoals https://elastic:9200; leeg: geen", &s.elastic, "", isAddress},
		{"file with this sensor's key for it; empty: none", "bestand met de sleutel van deze sensor ervoor; leeg: geen", &s.key, "", isFile},
		{"file with the authority of its certificate; empty: the system's", "bestand met de autoriteit van zijn certificaat; leeg: die van het systeem", &s.caFile, "", isFile},
	} {
		if s.elastic == "" && (q.answer == &s.key || q.answer == &s.caFile) {
			continue
		}
		if err = s.put(&q); err != nil {
			return err
		}
	}
	s.mirror = strings.Split(mirror, ",")
	return nil
}

// given checks what flags answered, before anybody waits for the look.
func (s *setup) given() error {
	var ports error
	if len(s.mirror) > 0 {
		ports = arePorts(strings.Join(s.mirror, ","))
	}
	return errors.Join(ports, isLanguage(s.language()), isAddress(s.elastic), isFile(s.key), isFile(s.caFile))
}

// question is one, with what is proposed and what an answer has to be.
type question struct {
	en, nl   string
	answer   *string
	proposed string
	check    func(string) error
}

// put asks until the answer is one, unless a flag gave it.
func (s *setup) put(q *question) error {
	if *q.answer != "" {
		return nil
	}
	if s.in == nil {
		*q.answer = q.proposed
		return nil
	}
	for {
		fmt.Fprintf(s.w, "%s [%s]: ", s.phrase(q.en, q.nl), q.proposed)
		if !s.in.Scan() {
			return errors.New("no answer, and nothing was written")
		}
		*q.answer = cmp.Or(strings.ReplaceAll(s.in.Text(), " ", ""), q.proposed)
		err := q.check(*q.answer)
		if err == nil {
			return nil
		}
		fmt.Fprintln(s.w, err)
	}
}

func arePorts(text string) error {
	_, err := interfaces(strings.Split(text, ","))
	return err
}

func isLanguage(text string) error {
	if text != "en" && text != "nl" {
		return fmt.Errorf("%q: choose en or nl", text)
	}
	return nil
}

func isAddress(text string) error {
	u, err := url.Parse(text)
	if text != "" && (err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https") {
		return errors.New("Elasticsearch: write it as https://name:9200, without names and passwords")
	}
	return nil
}

func isFile(path string) error {
	if path == "" {
		return nil
	}
	_, err := os.Stat(path)
	return err
}
