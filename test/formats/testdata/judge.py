"""Reads a file as the format's own software does, and prints what it found as JSON."""

import json
import sys


def told(graph, label):
    """What a graph of networkx holds, node by node and edge by edge."""
    return {
        "directed": graph.is_directed(),
        "nodes": {n: {"name": d.get("label"), **d} for n, d in graph.nodes(data=True)},
        "links": {d["id"] if label else k: {"from": a, "to": b, **d} for a, b, k, d in graph.edges(keys=True, data=True)},
    }


def made():
    """A graph as networkx users have it: parallel edges, numbers, an attribute that means nothing to Throughline."""
    import networkx as nx

    g = nx.MultiDiGraph()
    g.add_node("ann berg", label="Ann Berg", type="person", born=1970, size=3.5)
    g.add_node(1, label="Acme & <Sons>", type="Institution")
    g.add_node(2, label="Fair", type="EVENT", startsOn="2020-02", attendance=7)
    g.add_edge("ann berg", 1, kind="affiliated with", role="chair", since="1999", excerpt="Ann chairs Acme", sourceTitle="A list", url="https://example.org/l")
    g.add_edge("ann berg", 1, kind="AFFILIATED_WITH", role="member", weight=2.0)
    g.add_edge(1, 2, kind="organized")
    return g


def staff():
    """A table of values of every kind: texts, numbers, dates by their formats, an empty row, what a formula has."""
    from datetime import date, datetime

    return [
        [("Person", None), ("Born", None), ("Employer", None), ("Since", None), ("Until", None), ("Number", None)],
        [("Zoë & Ann", None), (date(1970, 2, 3), "yyyy-mm-dd"), ("Acme", None), (date(2015, 3, 1), "mmm yyyy"), (2019, None), (42, "00000")],
        [],
        [("Omar\nHaddad", None), (1981, None), ("Acme", None), (datetime(2012, 5, 6, 7, 8), "d/m/yy h:mm"), (date(2020, 1, 1), "yyyy"), ("=2+2", None)],
    ]


def workbook(form, path):
    if form == "openpyxl":
        from openpyxl import Workbook

        book = Workbook()
        sheet = book.active
        sheet.title = "Staff"
        for i, row in enumerate(staff(), 1):
            for j, (v, shown) in enumerate(row, 1):
                c = sheet.cell(i, j, v)
                if shown:
                    c.number_format = shown
        book.create_sheet("Old").sheet_state = "hidden"
        book.save(path)
        return
    import xlsxwriter

    book = xlsxwriter.Workbook(path, {"constant_memory": form == "xlsxwriter in rows"})
    sheet = book.add_worksheet("Staff")
    book.add_worksheet("Old").hide()
    for i, row in enumerate(staff()):
        for j, (v, shown) in enumerate(row):
            as_shown = book.add_format({"num_format": shown}) if shown else None
            if isinstance(v, str) and v.startswith("="):
                sheet.write_formula(i, j, v, None, 4)
            elif hasattr(v, "year"):
                sheet.write_datetime(i, j, v, as_shown)
            else:
                sheet.write(i, j, v, as_shown)
    book.close()


def write(form, path):
    if "xl" in form:
        return workbook(form, path)
    import networkx as nx

    if form == "graphml":
        nx.write_graphml(made(), path)
    else:
        nx.write_gexf(made(), path, version=form)


def valid(path):
    """What `ftm validate` makes of a file, and the ends of links that are of a wrong schema."""
    import pathlib
    import subprocess

    from followthemoney import model

    ftm = pathlib.Path(sys.executable).with_name("ftm")
    out = subprocess.run([ftm, "validate", "-i", path], check=True, capture_output=True, text=True).stdout
    records = {r["id"]: r for r in map(json.loads, out.splitlines())}
    wrong = []
    for r in records.values():
        schema = model.get(r["schema"])
        for name, values in r["properties"].items():
            prop = schema.get(name)
            if prop.type.name == "entity":
                wrong += [[r["id"], name, v] for v in values if v not in records or not model.get(records[v]["schema"]).is_a(prop.range)]
        wrong += [[r["id"], name, None] for name in schema.required if name not in r["properties"]]
    return {"records": records, "wrong": wrong}


def main(form, path):
    if form.startswith("write "):
        write(form.removeprefix("write "), path)
        print("null")
        return
    if form in ("graphml", "gexf"):
        import networkx as nx

        if form == "graphml":
            found = told(nx.read_graphml(path, force_multigraph=True), False)
        else:
            found = told(nx.MultiDiGraph(nx.read_gexf(path, version="1.3")), True)
    elif form in ("csv", "tsv"):
        import csv

        rows = list(csv.DictReader(open(path, encoding="utf-8", newline=""), dialect="excel" if form == "csv" else "excel-tab"))
        found = {"rows": {r["id"]: {k: v for k, v in r.items() if v} for r in rows}}
    elif form == "cyjs":
        import networkx as nx

        data = json.load(open(path, encoding="utf-8"))
        for n in data["elements"]["nodes"]:
            n["data"]["value"] = n["data"]["id"]  # what networkx calls its nodes by
        for e in data["elements"]["edges"]:
            e["data"]["key"] = e["data"]["id"]
        found = told(nx.cytoscape_graph({**data, "data": [], "directed": True, "multigraph": True}), True)
    elif form == "ftm":
        found = valid(path)
    elif form == "jsonld":
        from pyld import jsonld

        found = {"records": {r["@id"]: r for r in jsonld.flatten(jsonld.expand(json.load(open(path, encoding="utf-8"))))}}
    json.dump(found, sys.stdout)


main(*sys.argv[1:])
