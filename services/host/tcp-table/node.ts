/** Linux's tables of connections, by Node's files. @module */
import { readFileSync } from "node:fs";
import { TCP_TABLES, type TcpTable } from "./index.ts";

export const nodeTcpTable: TcpTable = () => TCP_TABLES.map((path) => readFileSync(path, "utf8")).join("");
