/** The Live connections, and the frames of one on its time. */
import { useEffect, useState } from "preact/hooks"
import type { LivePage } from "../src/admin/LogData.ts"
import * as Json from "../src/internal/json.ts"
import * as Admin from "./Admin.ts"
import * as Events from "./Events.ts"
import { Media } from "./Media.tsx"
import * as Route from "./Route.ts"
import * as Shown from "./Shown.ts"
import { WindowedList } from "./WindowedList.tsx"

type Connection = typeof LivePage.Type["connections"][number]
type Message = Connection["messages"][number]

/** The first field of a message, and of what lies in it: `serverContent modelTurn`. */
const kindOf = (message: unknown): string => {
  if (!Json.isObject(message)) return "text"
  const [key = "empty"] = Object.keys(message)
  const inner = Json.at(message, key)
  return Json.isObject(inner) ? `${key} ${Object.keys(inner).join(", ")}` : key
}

/** Media of a message, at whatever depth up to that of the wire. */
const mediaOf = (value: unknown, depth = 0): ReadonlyArray<{ readonly mimeType: string; readonly data: string }> => {
  if (depth > 8 || typeof value !== "object" || value === null) return []
  const mimeType = Json.text(Json.at(value, "mimeType"))
  const data = Json.text(Json.at(value, "data"))
  if (mimeType !== undefined && data !== undefined) return [{ mimeType, data }]
  return Object.values(value).flatMap((inner: unknown) => mediaOf(inner, depth + 1))
}

const brief = (message: unknown): string => JSON.stringify(message)?.slice(0, 160) ?? ""

const Frame = ({ frame }: { readonly frame: Message }) => (
  <>
    <h3>{frame.from === "client" ? "From the client" : "From the server"}, {Shown.clock(frame.time)}</h3>
    {mediaOf(frame.message).slice(0, 10).map((each, i) => <Media key={i} {...each} />)}
    <pre tabIndex={0}>{Shown.json(frame.message)}</pre>
  </>
)

const Frames = ({ connection }: { readonly connection: Connection }) => {
  const [index, setIndex] = useState<number | undefined>(undefined)
  const { messages } = connection
  const frame = index === undefined ? undefined : messages[index]
  return (
    <>
      <dl class="facts">
        <div>
          <dt>model</dt>
          <dd>{connection.model ?? "not said"}</dd>
        </div>
        <div>
          <dt>began</dt>
          <dd>{Shown.clock(connection.time)}</dd>
        </div>
        <div>
          <dt>turns</dt>
          <dd>{connection.turns}</dd>
        </div>
        <div>
          <dt>resumed</dt>
          <dd>{connection.resumed ? "yes" : "no"}</dd>
        </div>
        <div>
          <dt>closed</dt>
          <dd>
            {connection.closedAt === undefined
              ? "open"
              : `${connection.code ?? ""} ${connection.reason ?? ""} by the ${connection.closedBy ?? "network"}`}
          </dd>
        </div>
        {connection.droppedMessages === 0 ? null : (
          <div>
            <dt>older frames that the log dropped</dt>
            <dd>{connection.droppedMessages}</dd>
          </div>
        )}
      </dl>
      <div class="frames">
        <WindowedList
          label="Frames"
          columns={["after", "from", "kind", "content"]}
          count={messages.length}
          keyOf={(i) => connection.droppedMessages + i}
          cells={(i) => {
            const message = messages[i]
            if (message === undefined) return []
            return [
              `+${Shown.span(message.time - connection.time)}`,
              message.from === "client" ? "client →" : "← server",
              kindOf(message.message),
              brief(message.message)
            ]
          }}
          kindOf={(i) => messages[i]?.from === "client" ? "mine" : ""}
          chosen={index}
          choose={setIndex}
          follows={false}
          stopFollowing={() => undefined}
        />
      </div>
      {frame === undefined ? <p class="quiet">Choose a frame to see it whole.</p> : <Frame frame={frame} />}
    </>
  )
}

const Controls = ({ space }: { readonly space: string }) => {
  const [message, setMessage] = useState("{ \"goAway\": { \"timeLeft\": \"10s\" } }")
  const [said, setSaid] = useState<string | undefined>(undefined)
  const tell = (path: string, body: () => unknown) => {
    const act = async () => {
      await Admin.send("POST", Admin.inSpace(space, `/live/${path}`), body())
    }
    act().then(() => setSaid("Done."), (error: unknown) => setSaid(Admin.messageOf(error)))
  }
  return (
    <div class="bar">
      <label>
        Message <input value={message} spellcheck={false} onInput={(event) => setMessage(event.currentTarget.value)} />
      </label>
      <button type="button" onClick={() => tell("send", () => ({ message: JSON.parse(message) }))}>
        Send to every session
      </button>
      <button type="button" onClick={() => tell("close", () => ({ code: 1011, reason: "closed by hand" }))}>
        Close every session
      </button>
      <button type="button" onClick={() => tell("drop", () => ({}))}>Drop every session</button>
      <span role="status" class="words">{said}</span>
    </div>
  )
}

export const LiveView = () => {
  const { value: space } = Route.space
  const [connections, setConnections] = useState<ReadonlyArray<Connection>>([])
  const [trouble, setTrouble] = useState<string | undefined>(undefined)
  const { value: changed } = Events.liveChanges
  useEffect(() => {
    // Frames of sound come by dozens a second; they are asked for once for a few of them.
    const timer = setTimeout(() => {
      Admin.get<typeof LivePage.Type>(Admin.inSpace(space, "/live")).then((page) => {
        setConnections(page.connections)
        setTrouble(undefined)
      }, (error: unknown) => setTrouble(Admin.messageOf(error)))
    }, 150)
    return () => clearTimeout(timer)
  }, [space, changed])
  const newest = connections.at(-1)
  const chosen = connections.find(({ id }) => id === Route.chosen.value) ?? newest
  return (
    <section class="page" aria-label="Live">
      <h2>Live connections</h2>
      {trouble === undefined ? null : <p class="bad words" role="alert">{trouble}</p>}
      <Controls space={space} />
      {chosen === undefined ? <p class="quiet">None has come.</p> : (
        <>
          <label>
            Connection{" "}
            <select
              value={String(chosen.id)}
              onChange={(event) => Route.go({ view: "live", id: Number(event.currentTarget.value) })}
            >
              {connections.slice(-200).toReversed().map((each) => (
                <option key={each.id} value={String(each.id)}>
                  {`${each.id}: ${Shown.clock(each.time)}${each.closedAt === undefined ? ", open" : ""}`}
                </option>
              ))}
            </select>
          </label>
          <Frames key={chosen.id} connection={chosen} />
        </>
      )}
    </section>
  )
}
