package ingest

import (
	"context"
	"net/http"
)

// Right is one thing that a sensor's key must or must not be able to do.
type Right struct {
	Privilege string `json:"privilege"`
	Target    string `json:"target"`
	Wanted    bool   `json:"wanted"`
	Has       bool   `json:"has"`
}

func (r Right) String() string {
	switch {
	case r.Wanted && r.Has:
		return "may " + r.Privilege + " " + r.Target
	case r.Wanted:
		return "may NOT " + r.Privilege + " " + r.Target + ", and must"
	case r.Has:
		return "may " + r.Privilege + " " + r.Target + ", and must NOT"
	}
	return "may not " + r.Privilege + " " + r.Target
}

// Rights asks with a sensor's own key what it may do.
func (s *Admin) Rights(ctx context.Context, t *Tenant) ([]Right, error) {
	own, alerts, other := streams(t.Namespace), "logs-brandmelder.alert-"+t.Namespace, "logs-brandmelder.alert-another"
	rights := []Right{
		{"create_doc", own, true, false}, {"auto_configure", own, true, false}, {"read", alerts, true, false},
		{"write", own, false, false}, {"delete", own, false, false}, {"manage", own, false, false},
		{"create_doc", other, false, false}, {"read", other, false, false},
	}
	var index []any
	for _, r := range rights {
		index = append(index, object{"names": []any{r.Target}, "privileges": []any{r.Privilege}})
	}
	cluster := []any{"manage_pipeline", "manage_index_templates", "manage_security"}
	answer, err := s.do(ctx, http.MethodPost, "_security/user/_has_privileges", object{"index": index, "cluster": cluster})
	if err != nil {
		return nil, err
	}
	has, _ := answer["index"].(object)
	for i := range rights {
		of, _ := has[rights[i].Target].(object)
		rights[i].Has = of[rights[i].Privilege] == true
	}
	has, _ = answer["cluster"].(object)
	for _, p := range cluster {
		rights = append(rights, Right{text(p), "the cluster", false, has[text(p)] == true})
	}
	return rights, nil
}
