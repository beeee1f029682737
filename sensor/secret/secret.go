// Package secret reads what must stay secret: a key, a password, a header. It comes
// from a file, a systemd credential or a variable of the environment, never from an
// argument or the configuration itself, and prints as *** however it is printed.
package secret

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// maxSize is more than any key or password has.
const maxSize = 64 << 10

const hidden = "***"

// Text is a secret. The zero value is none. It stands behind a pointer: where a struct
// that holds it in a field of its own is printed, no method is asked, and an address
// says nothing.
type Text struct{ text *string }

// New is a secret that was made here.
func New(text string) Text { return Text{&text} }

// Reveal is the secret itself, for the one place that sends it.
func (t Text) Reveal() string {
	if t.text == nil {
		return ""
	}
	return *t.text
}

// Empty reports whether there is none.
func (t Text) Empty() bool { return t.Reveal() == "" }

func (t Text) String() string               { return hidden }
func (t Text) GoString() string             { return hidden }
func (t Text) Format(f fmt.State, _ rune)   { fmt.Fprint(f, hidden) }
func (t Text) LogValue() slog.Value         { return slog.StringValue(hidden) }
func (t Text) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// ErrElsewhere says that a secret may well be there, for the service alone.
var ErrElsewhere = errors.New("no such secret here")

var variable = regexp.MustCompile(`^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$`)

// Read reads a secret from one of two settings: file, a path or the bare name of a
// systemd credential, or value, which is ${VARIABLE}. Both empty is no secret. White
// space around it is not part of it.
func Read(file, value string) (Text, error) {
	var text string
	var err error
	switch {
	case file != "" && value != "":
		err = errors.New("give the file or the variable, not both")
	case value != "":
		text, err = fromVariable(value)
	case file != "":
		text, err = fromFile(file)
	default:
		return Text{}, nil
	}
	if err == nil && text == "" {
		err = errors.New("the secret is empty")
	}
	if err != nil {
		return Text{}, err
	}
	return New(text), nil
}

func fromVariable(value string) (string, error) {
	m := variable.FindStringSubmatch(value)
	if m == nil { // the value may be the secret itself, so it is not repeated
		return "", errors.New("a secret does not stand in the configuration: write ${VARIABLE}, or name a file")
	}
	text, ok := os.LookupEnv(m[1])
	if !ok {
		return "", fmt.Errorf("%w: the variable %s is not set", ErrElsewhere, m[1])
	}
	return strings.TrimSpace(text), nil
}

func fromFile(file string) (string, error) {
	path := file
	if !strings.Contains(file, "/") {
		dir := os.Getenv("CREDENTIALS_DIRECTORY")
		if dir == "" {
			return "", fmt.Errorf("%w: %s is the name of a systemd credential, and there are none here: LoadCredential=%s:PATH in the unit, or write a path with a /", ErrElsewhere, file, file)
		}
		path = filepath.Join(dir, file)
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return "", err
	}
	if len(b) > maxSize {
		return "", fmt.Errorf("%s is too large for a secret", path)
	}
	return strings.TrimSpace(string(b)), nil
}
