package ingest

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
)

// Key is what a sensor shows to be let in.
type Key struct {
	ID, Secret string
}

// String is the key as the configuration takes it.
func (k Key) String() string { return k.ID + ":" + k.Secret }

func keyName(t *Tenant, sensor string) string { return "brandmelder-" + t.Namespace + "-" + sensor }

// Keys lists the ids of the keys of a sensor that are in force.
func (s *Admin) Keys(ctx context.Context, t *Tenant, sensor string) (ids []string, err error) {
	answer, err := s.get(ctx, "_security/api_key?active_only=true&name="+url.QueryEscape(keyName(t, sensor)))
	if err != nil {
		return nil, err
	}
	list, _ := answer["api_keys"].([]any)
	for _, one := range list {
		o, _ := one.(object)
		if o["invalidated"] == false {
			ids = append(ids, text(o["id"]))
		}
	}
	return ids, nil
}

// NewKey makes the key of a sensor. Its secret is in this answer and nowhere else.
func (s *Admin) NewKey(ctx context.Context, t *Tenant, sensor string) (Key, error) {
	answer, err := s.do(ctx, http.MethodPost, "_security/api_key", object{
		"name": keyName(t, sensor), "role_descriptors": sensorRights(t),
		"metadata": object{"application": "brandmelder", "organization": t.Namespace, "sensor": sensor},
	})
	if err != nil {
		return Key{}, err
	}
	k := Key{text(answer["id"]), text(answer["api_key"])}
	if k.ID == "" || k.Secret == "" {
		return k, fmt.Errorf("POST /_security/api_key: the answer has no key")
	}
	return k, nil
}

// EndKeys makes keys invalid.
func (s *Admin) EndKeys(ctx context.Context, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	_, err := s.do(ctx, http.MethodDelete, "_security/api_key", object{"ids": anys(ids)})
	return err
}
