/**
 * Files: uploads, their states by the clock, and their end after 48 hours.
 */
import * as GoogleError from "../../GoogleError.ts"
import * as Json from "../json.ts"
import type { Call, Endpoint, ResourceReply, Room } from "./endpoint.ts"
import * as FileRecord from "./FileRecord.ts"
import * as Ids from "./ids.ts"
import * as Shelf from "./Shelf.ts"
import type { Announced } from "./uploads.ts"

/** The most bytes of one file: 2 GB. */
const largest = 2 * 1024 ** 3
/** The most bytes of all files of a project: 20 GB. */
const mostOfProject = 20 * 1024 ** 3
/** The most addresses of one registration. */
const mostRegistered = 100

export interface Options {
  /** Milliseconds for which a video is PROCESSING. Default 5000. */
  readonly processing?: number | undefined
}

/** A file that a test puts there. */
export interface Given {
  readonly name?: string | undefined
  readonly displayName?: string | undefined
  readonly mimeType: string
  readonly bytes: Iterable<Uint8Array>
  readonly source?: "UPLOADED" | "GENERATED" | undefined
  readonly project?: string | undefined
}

export interface Files {
  readonly endpoint: Endpoint
  readonly shelf: Shelf.Shelf<FileRecord.FileRecord>
  readonly add: (given: Given, now: number) => string
  /** Lets a file fail; gives `false` if there is none of this name. */
  readonly fail: (name: string, error: { readonly code: number; readonly message: string }, now: number) => boolean
  /** Why Google would not take a request that uses a file, by the address or name that the request has. */
  readonly unusable: (uri: string, project: string, now: number) => GoogleError.Refusal | undefined
}

const idOf = (name: string): string => name.replace(/^files\//, "")

export const make = ({ depot, seed, uploads }: Room, { processing = 5_000 }: Options = {}): Files => {
  const nextId = Ids.maker(`${seed}\nfiles`)
  const shelf = Shelf.make<FileRecord.FileRecord>({
    pageSize: 10,
    largestPage: 100,
    left: ({ bytes }) => bytes?.drop()
  })
  /** Whether any file was ever made here. As long as none was, requests may name files of Google's. */
  let isUsed = false

  const missing = (name: string): ResourceReply => ({
    refusal: GoogleError.fileForbidden(idOf(name)),
    note: shelf.wasDropped(name) ? "The emulator dropped this file: it had no more room." : undefined
  })

  const found = (call: Call, use: (file: FileRecord.FileRecord) => ResourceReply): ResourceReply => {
    const file = shelf.find(call.project, call.name, call.now)
    return file === undefined ? missing(call.name) : use(file)
  }

  const put = (
    file: Omit<FileRecord.FileRecord, "name" | "created" | "updated" | "expires" | "activeAt"> & {
      readonly name?: string | undefined
    },
    now: number
  ): FileRecord.FileRecord | undefined => {
    const made: FileRecord.FileRecord = {
      ...file,
      name: file.name ?? `files/${nextId()}`,
      created: now,
      updated: now,
      expires: now + FileRecord.lifetime,
      activeAt: FileRecord.isVideo(file.mimeType) ? now + processing : now
    }
    isUsed = true
    return shelf.add(made, now) ? made : undefined
  }

  const taken = () => GoogleError.make(409, "Requested entity already exists", { status: "ALREADY_EXISTS" })

  const sizeOfProject = (project: string, now: number): number =>
    shelf.all(now).reduce((sum, file) => file.project === project ? sum + (file.bytes?.size ?? 0) : sum, 0)

  const chosenName = ({ call }: Announced): string | undefined => {
    const name = Json.text(Json.at(call.body, "file", "name"))
    return name === undefined || name === "" ? undefined : name.startsWith("files/") ? name : `files/${name}`
  }

  uploads.accept({
    method: "files.upload",
    path: /^files$/,
    begin: (announced, pending) => {
      const { call, size } = announced
      const name = chosenName(announced)
      const displayName = Json.text(Json.at(call.body, "file", "displayName")) ?? ""
      if (name !== undefined && !Ids.isChosen(idOf(name))) return GoogleError.invalidArgument()
      if (displayName.length > 512) return GoogleError.invalidArgument()
      if (size !== undefined && size > largest) return GoogleError.invalidArgument()
      if (name !== undefined && shelf.all(call.now).some((file) => file.name === name)) return taken()
      if (sizeOfProject(call.project, call.now) + pending + (size ?? 0) > mostOfProject) {
        return GoogleError.make(429, "The project's files exceed the storage limit of 20 GB.")
      }
      return undefined
    },
    finish: (announced, keep, now) => {
      const { call, mimeType } = announced
      const name = chosenName(announced)
      if (name !== undefined && shelf.all(now).some((file) => file.name === name)) return { refusal: taken() }
      let made: FileRecord.FileRecord | undefined
      const bytes = keep(() => shelf.evict(made?.name ?? ""))
      made = put({
        name,
        project: call.project,
        displayName: Json.text(Json.at(call.body, "file", "displayName")),
        mimeType: mimeType ?? Json.text(Json.at(call.body, "file", "mimeType")) ?? "application/octet-stream",
        source: "UPLOADED",
        bytes
      }, now)
      if (made !== undefined) return { body: { file: FileRecord.shown(made, now, call.version) } }
      bytes.drop()
      return { refusal: taken() }
    }
  })

  const endpoint: Endpoint = {
    routes: [
      { verb: "GET", path: /^files\/*$/, method: "files.list" },
      { verb: "POST", path: /^files:register$/, method: "files.register" },
      { verb: "GET", path: /^(files\/[^/:]+):download$/, method: "files.download" },
      { verb: "GET", path: /^(files\/[^/:]+)$/, method: "files.get" },
      { verb: "DELETE", path: /^(files\/[^/:]+)$/, method: "files.delete" }
    ],
    methods: {
      "files.get": (call) => found(call, (file) => ({ body: FileRecord.shown(file, call.now, call.version) })),
      "files.delete": (call) =>
        shelf.remove(call.project, call.name, call.now) === undefined ? missing(call.name) : { body: {} },
      "files.list": ({ now, project, query, version }) => {
        const page = shelf.page(project, query, now)
        if (page.refusal !== undefined) return page
        const { items, nextPageToken } = page
        return {
          body: {
            ...(items.length === 0 ? {} : { files: items.map((file) => FileRecord.shown(file, now, version)) }),
            ...(nextPageToken === undefined ? {} : { nextPageToken })
          }
        }
      },
      "files.download": (call) =>
        found(call, ({ bytes, mimeType, source }) => {
          // Without `alt=media` the method answers its own empty message.
          if (call.query.get("alt") !== "media") return { body: {} }
          return bytes === undefined || source !== "GENERATED"
            ? { refusal: GoogleError.invalidArgument("Only generated files can be downloaded.") }
            : { bytes: bytes.read(), size: bytes.size, mimeType }
        }),
      "files.register": ({ body, headers, now, project, version }) => {
        if (headers["authorization"]?.startsWith("Bearer ") !== true) return { refusal: GoogleError.invalidToken() }
        const uris = Json.list(body["uris"]).map(String)
        if (uris.length === 0 || uris.length > mostRegistered || !uris.every((uri) => /^gs:\/\/[^/]+\/.+/.test(uri))) {
          return { refusal: GoogleError.invalidArgument() }
        }
        const made = uris.flatMap((uri) =>
          put({ project, mimeType: "application/octet-stream", source: "REGISTERED", uri }, now) ?? []
        )
        return { body: { files: made.map((file) => FileRecord.shown(file, now, version)) } }
      }
    },
    clear: () => {
      shelf.clear()
      isUsed = false
    }
  }

  return {
    endpoint,
    shelf,
    add: ({ bytes, displayName, mimeType, name, project = "default", source = "UPLOADED" }, now) => {
      const writer = depot.writer()
      for (const piece of bytes) writer.write(piece)
      let made: FileRecord.FileRecord | undefined
      const kept = writer.finish(() => shelf.evict(made?.name ?? ""))
      made = put({ name, displayName, mimeType, project, source, bytes: kept }, now)
      if (made === undefined) kept.drop()
      return made?.name ?? name ?? ""
    },
    fail: (name, error, now) => {
      const file = shelf.all(now).find((file) => file.name === name)
      if (file !== undefined) shelf.replace({ ...file, error, updated: now })
      return file !== undefined
    },
    unusable: (uri, project, now) => {
      const name = /(?:^|\/)(files\/[^/?#:]+)/.exec(uri)?.[1]
      if (!isUsed || name === undefined) return undefined
      const file = shelf.find(project, name, now)
      if (file === undefined) return GoogleError.fileForbidden(idOf(name))
      return FileRecord.stateOf(file, now) === "ACTIVE" ? undefined : GoogleError.fileNotActive()
    }
  }
}
