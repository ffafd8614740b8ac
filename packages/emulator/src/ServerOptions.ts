/**
 * Where an emulator listens, and who may call it there.
 *
 * @since 0.2.0
 */
import type * as Redacted from "effect/Redacted"

/**
 * Options of a socket, and of the doors before it. Nothing of them holds in memory.
 *
 * @category options
 * @since 0.2.0
 */
export interface ServerOptions {
  /** The port to listen on. Default 0: any free port. */
  readonly port?: number | undefined
  /** The host to listen on. Default `127.0.0.1`. */
  readonly host?: string | undefined
  /**
   * Names by which it may be called beside `localhost`, `127.0.0.1`, `[::1]` and the host that it listens on, without a
   * port. A request whose `Host` is another one is refused with a 403, as a page may have sent it (DNS rebinding). Pages
   * of these names may open Live sessions.
   */
  readonly allowHosts?: ReadonlyArray<string> | undefined
  /**
   * Opens `/_emulator` only to requests that bring it, as `authorization: Bearer TOKEN` or in `x-emulator-token`.
   * Without one those paths are open on a loopback host, and closed where others can reach them. It guards nothing
   * else: `keys` are for the API.
   */
  readonly token?: string | Redacted.Redacted<string> | undefined
  /**
   * Whether the API answers pages of other origins, as Google's does. Default `answer`. As long as a cassette holds a key
   * of its own for the server that it records, pages of other origins are refused whatever stands here.
   */
  readonly foreignPages?: "answer" | "refuse" | undefined
  /**
   * The folder below which the admin API may open cassettes, so that nobody who calls it reads or writes other files.
   * Default: the current one.
   */
  readonly cassetteFolder?: string | undefined
  /** False lets a process end that has nothing else to do but to listen. Default true. */
  readonly keepsProcess?: boolean | undefined
  /**
   * With a name, the port takes TLS as well: HTTPS and `wss:`, which some SDKs dial whatever the base URL says. A
   * certificate of this start alone is made for the host and `allowHosts` and written there, in PEM, for clients to
   * trust (`SSL_CERT_FILE`, `NODE_EXTRA_CA_CERTS`, `curl --cacert`).
   */
  readonly certificateFile?: string | undefined
}
