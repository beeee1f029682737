"""demo_ask.py TARGET BODY COLUMN…: asks the server in ES_URL, ES_USER and ES_PASS, and prints the question as it can be
typed and the answer as rows within 100 columns. A COLUMN is a field of a document, or FIELD:WIDTH; of groups, count,
key or the name of a measure. Of one document there is a line for each field."""
import base64, json, os, sys, textwrap, urllib.request

WIDE = 100


def values(o, path):
    """All values of a field, through lists of objects too."""
    for name in path.split("."):
        o = [v for x in o if isinstance(x, dict) and name in x for v in (x[name] if isinstance(x[name], list) else [x[name]])]
    return o


def text(o, path):
    return " · ".join(f"{v:,.0f}" if isinstance(v, float) else str(v) for v in values([o], path))


def rows(answer):
    """What is to be printed: groups, or else documents."""
    for groups in answer.get("aggregations", {}).values():
        return [{"key": b["key"], "count": b["doc_count"], **{k: v["value"] for k, v in b.items() if isinstance(v, dict)}} for b in groups["buckets"]]
    return [h["_source"] for h in answer["hits"]["hits"]]


def wrapped(line, indent):
    print(textwrap.fill(line, WIDE, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False))


target, body, *columns = sys.argv[1:]
wrapped(f"POST {target}/_search {body}", 5)
request = urllib.request.Request(f"{os.environ['ES_URL']}/{target}/_search", body.encode(), {"Content-Type": "application/json"})
request.add_header("Authorization", "Basic " + base64.b64encode(f"{os.environ['ES_USER']}:{os.environ['ES_PASS']}".encode()).decode())
answer = json.load(urllib.request.urlopen(request))
found = rows(answer)
print(f"-> {answer['hits']['total']['value']:,} documents")
if len(found) == 1 and "key" not in found[0]:
    for column in columns:
        wrapped(f"   {column:30} {text(found[0], column) or '-'}", 34)
    sys.exit()
for row in [None] + found:
    cells = [(c + ":").split(":")[:2] for c in columns]
    shown = [name.split(".")[-1] if row is None else text(row, name) for name, _ in cells]
    fixed = "".join(f"{cell[:int(width)]:{width}}  " for cell, (_, width) in zip(shown, cells[:-1]))
    wrapped("   " + fixed + shown[-1], 3 + len(fixed))
