/** All that FetchGemini promises of its HttpClient and over it, for every runtime that has a `fetch`. */
import * as FetchGemini from "effect-gemini/FetchGemini"
import type * as HttpClient from "effect/http/HttpClient"
import type { Asked } from "./askedPromise.ts"
import { fetchPromises, layerPromise, ownPromises } from "./fetchPromises.ts"
import { httpPromises } from "./httpPromises.ts"

export const promisesOfFetch: ReadonlyArray<Asked<HttpClient.HttpClient>> = [
  ...fetchPromises,
  ...ownPromises,
  layerPromise(FetchGemini.layerHttpClient),
  ...httpPromises(FetchGemini.layer)
]
