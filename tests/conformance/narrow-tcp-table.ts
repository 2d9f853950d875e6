/**
 * Reads the connections of this network namespace with no more permissions than the sidecar has in a pod; run by
 * tcp-table.test.ts. Prints the part of the table that is about the port given.
 * @module
 */
import process from "node:process";
import { readTcpTable } from "../../services/core/app-end.ts";
import { systemTcpTable } from "../../services/host/tcp-table/index.ts";

const read = await systemTcpTable();
console.log(JSON.stringify(read === null ? null : readTcpTable(read(), new Set([Number(process.argv.at(-1))]))));
