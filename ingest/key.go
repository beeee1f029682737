package ingest

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/secret"
)

// authorization is the value of the header, empty without key and user.
func (s *Settings) authorization() (header secret.Text, err error) {
	key, err := secret.Read(s.APIKeyFile, s.APIKey)
	if err != nil {
		return header, fmt.Errorf("elasticsearch: api_key: %w", err)
	}
	password, err := secret.Read(s.PasswordFile, s.Password)
	if err != nil {
		return header, fmt.Errorf("elasticsearch: password: %w", err)
	}
	switch {
	case !key.Empty() && s.User != "":
		return header, errors.New("elasticsearch: give an api_key or a user, not both")
	case !key.Empty():
		return apiKey(key)
	case s.User != "":
		pair := base64.StdEncoding.EncodeToString([]byte(s.User + ":" + password.Reveal()))
		return secret.New("Basic " + pair), nil
	}
	return header, nil
}

// apiKey takes a key as people have it: id:key, or the same in base64.
func apiKey(key secret.Text) (header secret.Text, err error) {
	text := strings.Join(strings.Fields(key.Reveal()), "") // base64 is sometimes wrapped
	if !strings.Contains(text, ":") {
		plain, err := base64.StdEncoding.DecodeString(text)
		if err != nil || !strings.Contains(string(plain), ":") {
			return header, errors.New("elasticsearch: api_key: it is neither id:key nor that in base64; the field \"encoded\" of the answer that made it is right")
		}
		text = string(plain)
	}
	return secret.New("ApiKey " + base64.StdEncoding.EncodeToString([]byte(text))), nil
}
