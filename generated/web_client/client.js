export { client } from "./client.gen.js";
export { createClient } from "./client/index.js";
