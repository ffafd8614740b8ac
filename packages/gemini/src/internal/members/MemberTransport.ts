/** The Live transports of several members: a pool takes the one of the member that a call goes to. */
import type { Service } from "../../live/LiveTransport.ts"

export class MemberTransport implements Service {
  readonly #first: Service
  readonly #members: ReadonlyMap<string, Service>
  readonly generateContent: Service["generateContent"]
  readonly generateContentStream: Service["generateContentStream"]
  /** Forgets what was refused at a member when sessions were opened there. */
  readonly readmit: (member: string) => void

  /** `first` carries the calls that come without a member. */
  constructor(first: Service, members: ReadonlyMap<string, Service>, readmit: (member: string) => void) {
    this.#first = first
    this.#members = members
    this.readmit = readmit
    this.generateContent = first.generateContent
    this.generateContentStream = first.generateContentStream
  }

  of(member: string): Service {
    return this.#members.get(member) ?? this.#first
  }
}
