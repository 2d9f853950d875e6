/** The examples of RFC 7541, appendix C: header blocks in hexadecimal, and what they say. */

export type Example = {
  readonly section: string;
  readonly block: string;
  /** `name: value` each. */
  readonly fields: readonly string[];
};

const firstRequest = [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"];
const secondRequest = [...firstRequest, "cache-control: no-cache"];
const thirdRequest = [
  ":method: GET",
  ":scheme: https",
  ":path: /index.html",
  ":authority: www.example.com",
  "custom-key: custom-value",
];
const response = (status: string, second: string) => [
  `:status: ${status}`,
  "cache-control: private",
  `date: Mon, 21 Oct 2013 20:13:${second} GMT`,
  "location: https://www.example.com",
];
const lastResponse = [
  ...response("200", "22"),
  "content-encoding: gzip",
  "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
];

/** Each a block of its own. */
export const SINGLE: readonly Example[] = [
  {
    section: "C.2.1",
    block: "400a637573746f6d2d6b65790d637573746f6d2d686561646572",
    fields: ["custom-key: custom-header"],
  },
  { section: "C.2.2", block: "040c2f73616d706c652f70617468", fields: [":path: /sample/path"] },
  { section: "C.2.3", block: "100870617373776f726406736563726574", fields: ["password: secret"] },
  { section: "C.2.4", block: "82", fields: [":method: GET"] },
];

/** Each a sequence over one dynamic table of so many bytes. */
export const SEQUENCES: readonly { readonly tableBytes: number; readonly examples: readonly Example[] }[] = [
  {
    tableBytes: 4096,
    examples: [
      { section: "C.3.1", block: "828684410f7777772e6578616d706c652e636f6d", fields: firstRequest },
      { section: "C.3.2", block: "828684be58086e6f2d6361636865", fields: secondRequest },
      {
        section: "C.3.3",
        block: "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
        fields: thirdRequest,
      },
    ],
  },
  {
    tableBytes: 4096,
    examples: [
      { section: "C.4.1", block: "828684418cf1e3c2e5f23a6ba0ab90f4ff", fields: firstRequest },
      { section: "C.4.2", block: "828684be5886a8eb10649cbf", fields: secondRequest },
      { section: "C.4.3", block: "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf", fields: thirdRequest },
    ],
  },
  {
    tableBytes: 256,
    examples: [
      {
        section: "C.5.1",
        block: "4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d54" +
          "6e1768747470733a2f2f7777772e6578616d706c652e636f6d",
        fields: response("302", "21"),
      },
      { section: "C.5.2", block: "4803333037c1c0bf", fields: response("307", "21") },
      {
        section: "C.5.3",
        block: "88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d" +
          "4153444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b207665" +
          "7273696f6e3d31",
        fields: lastResponse,
      },
    ],
  },
  {
    tableBytes: 256,
    examples: [
      {
        section: "C.6.1",
        block: "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b" +
          "97c8e9ae82ae43d3",
        fields: response("302", "21"),
      },
      { section: "C.6.2", block: "4883640effc1c0bf", fields: response("307", "21") },
      {
        section: "C.6.3",
        block: "88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdf" +
          "cd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
        fields: lastResponse,
      },
    ],
  },
];
