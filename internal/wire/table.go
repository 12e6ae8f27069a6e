package wire

import "reflect"

// row ties the name of a message on the wire to its struct.
type row struct {
	name string
	typ  reflect.Type
}

// requests are all messages from clients, in the protocol's order.
var requests = []row{
	of[Hello]("hello"), of[Host]("host"), of[Knock]("knock"), of[Rejoin]("rejoin"), of[Revive]("revive"), of[Return]("return"),
	of[Stay]("stay"), of[Withdraw]("withdraw"), of[Resume]("resume"), of[Open]("open"), of[Take]("take"), of[Admit]("admit"),
	of[Deny]("deny"), of[Allow]("allow"), of[Policy]("policy"), of[Remove]("remove"), of[End]("end"), of[Joined]("joined"),
	of[Commit]("commit"), of[Cannot]("cannot"), of[Refuse]("refuse"), of[App]("app"), of[Media]("media"), of[View]("view"),
	of[Leave]("leave"), of[Ping]("ping"), of[Pong]("pong"),
}

// oks are the answers. They share the name ok: which one it is follows from the request.
var oks = []row{
	of[Ok]("ok"), of[OkHello]("ok"), of[OkHost]("ok"), of[OkKnock]("ok"), of[OkReturn]("ok"), of[OkSeated]("ok"), of[OkRemove]("ok"), of[OkMedia]("ok"),
}

// pushes are all other messages from the server.
var pushes = []row{
	of[Fault]("fault"), of[Waiting]("waiting"), of[Ask]("ask"), of[Over]("over"), of[KnockPush]("knock"), of[KnockGone]("knock-gone"),
	of[Admitted]("admitted"), of[Task]("task"), of[CommitPush]("commit"), of[Reopened]("reopened"), of[AppPush]("app"),
	of[Slots]("slots"), of[Presence]("presence"), of[Regroup]("regroup"), of[Ping]("ping"), of[Pong]("pong"),
}

var (
	requestTypes = byName(requests)
	replyTypes   = byName(pushes)
	names        = byType(requests, oks, pushes)
)

func of[T any](name string) row { return row{name, reflect.TypeFor[T]()} }

func byName(rows []row) map[string]reflect.Type {
	types := make(map[string]reflect.Type, len(rows))
	for _, r := range rows {
		types[r.name] = r.typ
	}
	return types
}

func byType(tables ...[]row) map[reflect.Type]string {
	found := map[reflect.Type]string{}
	for _, rows := range tables {
		for _, r := range rows {
			found[r.typ] = r.name
		}
	}
	return found
}
