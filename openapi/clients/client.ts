// The client that every operation uses unless it is given another one, and how to make another one.

export { client } from "./client.gen.js";
export { type Client, type Config, createClient } from "./client/index.js";
