// Run in a cell: the JavaScript SDK v3 with its defaults, and one call that it may not make.
import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { DynamoDBClient, GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { DeleteDBInstanceCommand, DescribeDBInstancesCommand, RDSClient } from "@aws-sdk/client-rds";
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";

const [bucket, table, database] = process.argv.slice(2);
const MIB = 1 << 20;
const s3 = new S3Client();
const digest = (data) => createHash("sha256").update(data).digest("hex");

const data = randomBytes(20 * MIB);
const pieces = Readable.from((function* () {
  for (let at = 0; at < data.length; at += 65536) yield data.subarray(at, at + 65536);
})());
const upload = new Upload({ client: s3, params: { Bucket: bucket, Key: "js.bin", Body: pieces }, partSize: 5 * MIB });
console.log("etag", (await upload.done()).ETag.replaceAll('"', "").split("-")[1]);
const got = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: "js.bin" }));
console.log("same", digest(Buffer.from(await got.Body.transformToByteArray())) === digest(data));
await s3.send(new PutObjectCommand({ Bucket: bucket, Key: "a b/ü+&.txt", Body: "odd key" }));
const listed = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: "a b/" }));
console.log("odd", listed.Contents.map((item) => item.Key).join());

const rows = new DynamoDBClient();
await rows.send(new PutItemCommand({ TableName: table, Item: { id: { S: "js" }, n: { N: "7" } } }));
const item = await rows.send(new GetItemCommand({ TableName: table, Key: { id: { S: "js" } } }));
console.log("item", item.Item.n.N);

const rds = new RDSClient();
const found = await rds.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: database }));
console.log("database", found.DBInstances[0].DBInstanceStatus);
try {
  await rds.send(new DeleteDBInstanceCommand({ DBInstanceIdentifier: database, SkipFinalSnapshot: true }));
  console.log("DELETED");
  process.exit(1);
} catch (error) {
  console.log("refused", error.name, error.message);
}
