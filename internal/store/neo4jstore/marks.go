package neo4jstore

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/throughline/throughline/internal/kg"
)

// What others keep in the same database may have our labels and types. Ours are known by their marks: an entity or a
// source has an id and _sort, a link has an id of ours and joins two entities of ours. To ask for the marks of every
// link would take away what Neo4j knows without looking: how many links a node has, and how many there are of a kind.
// So the database is surveyed: as long as it holds no link that is not ours, statements do not ask. Whether that is
// still so, the bookmark of each statement says, which names the last transaction that anybody committed; when it is
// another than the survey's, the statement is run again and asks.

// survey reports whether a database held records that are not ours, at a bookmark.
type survey struct {
	bookmark string
	// links says that there are links that are not ours, and nodes that there are nodes with labels of our types that
	// are not.
	links, nodes bool
}

// counting is the survey that is under way.
type counting struct {
	mu   sync.Mutex
	busy bool
	next time.Time     // no other is begun before
	took time.Duration // the last
}

// ours is a condition on a relationship with a type of ours.
func ours(r string) string {
	return identified(r) + " AND startNode(" + r + ")._sort IS NOT NULL AND endNode(" + r + ")._sort IS NOT NULL"
}

// identified is the condition that a relationship found by its ends has an id of ours. Without coalesce Neo4j would
// answer it from the index of ids, which holds all links, and once for each node.
func identified(r string) string {
	return "coalesce(" + r + ".id, '') STARTS WITH '" + kg.LinkPrefix + "'"
}

// rel writes the relationship of a pattern: links of some types, which fit conditions.
func (c *compiler) rel(r, types string, conditions ...string) string {
	if c.asksLinks {
		if r == "" {
			r = c.name("r")
		}
		conditions = append(conditions, ours(r))
	}
	where := ""
	if len(conditions) > 0 {
		where = " WHERE " + strings.Join(conditions, " AND ")
	}
	return "[" + r + ":" + types + where + "]"
}

// onlyOurs writes the condition that a link which no pattern has found is ours.
func (c *compiler) onlyOurs(where, r string) string {
	if !c.asksLinks {
		return ""
	}
	return where + ours(r)
}

// layouts are a layout and those that ask.
func layouts(l *layout) (all [2][2]*layout) {
	for i := range all {
		for j := range all[i] {
			x := *l
			x.asksLinks, x.asksNodes = i == 1, j == 1
			all[i][j] = &x
		}
	}
	all[0][0] = l
	return all
}

// behindLayout is the layout of transactions that have written. What is not ours may be anywhere.
func behindLayout(all [2][2]*layout) *layout {
	x := *all[1][1]
	x.behind = true
	return &x
}

// asking is the layout for the next statement.
func (s *Store) asking() *layout {
	at := s.survey.Load()
	if at == nil {
		s.count()
		return s.layouts[1][1]
	}
	i, j := 0, 0
	if at.links {
		i = 1
	}
	if at.nodes {
		j = 1
	}
	return s.layouts[i][j]
}

// holds reports whether a statement in some layout has asked enough to be right at a bookmark. Otherwise the next one
// asks for all.
func (s *Store) holds(l *layout, bookmark string) bool {
	if l.asksLinks && l.asksNodes {
		return true
	}
	at := s.survey.Load()
	if at != nil && at.bookmark == bookmark && (l.asksLinks || !at.links) && (l.asksNodes || !at.nodes) {
		return true
	}
	s.survey.CompareAndSwap(at, nil)
	return false
}

// unsurvey forgets the survey. The next one waits until nothing has been written for longer than it takes: it would not
// come to an end.
func (s *Store) unsurvey() {
	s.survey.Store(nil)
	v := &s.counting
	v.mu.Lock()
	defer v.mu.Unlock()
	v.next = time.Now().Add(2 * v.took)
}

// count has the database surveyed behind the callers. A graph that is always being written is not counted over and
// over.
func (s *Store) count() {
	v := &s.counting
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.busy || s.lifetime.Err() != nil || time.Now().Before(v.next) {
		return
	}
	v.busy = s.sharing.start(func() {
		begin := time.Now()
		found, err := s.look(s.lifetime)
		if err != nil && s.lifetime.Err() == nil {
			s.log.WarnContext(s.lifetime, "what is not ours could not be counted; every statement asks for our marks",
				"cause", err.Error())
		}
		v.mu.Lock()
		defer v.mu.Unlock()
		v.busy = false
		v.took = time.Since(begin)
		v.next = time.Now().Add(v.took)
		if found != nil {
			s.survey.Store(found)
		}
	})
}

// look surveys the database: nil when somebody wrote meanwhile. It runs many short statements, because Neo4j plans one
// long one for seconds when it is busy, and every statement asks until the survey is done.
func (s *Store) look(ctx context.Context) (found *survey, err error) {
	u, err := s.conns.enter(ctx, endless)
	if err != nil {
		return nil, err
	}
	defer func() { err = u.leave(err) }()
	found = &survey{}
	changed := false
	number := func(text string) int64 {
		if err != nil || changed {
			return 0
		}
		var n int64
		var bookmark string
		if n, bookmark, err = s.number(u, text); found.bookmark == "" {
			found.bookmark = bookmark
		}
		changed = bookmark != found.bookmark
		return n
	}
	c := &compiler{layout: s.layout}
	of := "[r:" + c.allLinks + "]"
	all := number("MATCH ()-" + of + "->() RETURN count(r)")
	found.links = number("MATCH (:Entity)-"+of+"->() RETURN count(r)") != all ||
		number("MATCH ()-"+of+"->(:Entity) RETURN count(r)") != all ||
		number("RETURN CASE WHEN EXISTS { MATCH (n:Entity) WHERE n._sort IS NULL OR n.id IS NULL MATCH (n)-"+of+"-() } THEN 1 ELSE 0 END") > 0
	if !found.links {
		for _, t := range c.linkTypes() {
			all -= number("MATCH ()-[r:" + t + "]->() WHERE r.id STARTS WITH '" + kg.LinkPrefix + "' RETURN count(r)")
		}
		found.links = all != 0
	}
	for _, t := range c.cat.Types {
		found.nodes = found.nodes ||
			number("MATCH (n:"+t.Name+") RETURN count(n)") != number("MATCH (n:"+t.Name+") WHERE n._sort >= '' AND n.id >= '' RETURN count(n)")
	}
	if err != nil || changed {
		return nil, err
	}
	return found, nil
}

// number runs a statement of a survey. It returns the number that it found and the bookmark after it.
func (s *Store) number(u *use, text string) (n int64, bookmark string, err error) {
	cfg := s.session
	cfg.AccessMode = neo4j.AccessModeRead
	session := u.session(cfg)
	defer u.end(session)
	res, err := session.Run(u.ctx, text, nil, neo4j.WithTxTimeout(scanTime))
	if err != nil {
		return 0, "", err
	}
	rec, err := res.Single(u.ctx)
	if err != nil {
		return 0, "", err
	}
	n, _ = rec.Values[0].(int64)
	return n, strings.Join(session.LastBookmarks(), " "), nil
}
