"""Ask the gate for the cloud, at the same port, for the process outside: in Host, in the path, in its own names."""

# aims: outside
# control: none (there is no proxy outside of a session)
# seconds: 20
from attack import tried
from proxied import TCP, say

bad = f"127.0.0.1:{TCP}"
tried()
for line, fields in (
    ("GET / HTTP/1.1", f"Host: {bad}"),
    ("GET / HTTP/1.1", f"Host: s3.amazonaws.com\r\nX-Forwarded-Host: {bad}"),
    ("GET / HTTP/1.1", f"Host: s3.amazonaws.com@{bad}"),
    ("GET / HTTP/1.1", f"Host: s3.amazonaws.com:{TCP}"),
    (f"GET http://s3.amazonaws.com:{TCP}/ HTTP/1.1", f"Host: s3.amazonaws.com:{TCP}"),
    (f"GET http://data-127.0.0.1:{TCP}/ HTTP/1.1", f"Host: data-127.0.0.1:{TCP}"),
    (f"GET http://{bad}@s3.amazonaws.com/ HTTP/1.1", "Host: s3.amazonaws.com"),
    (f"GET /http://{bad}/ HTTP/1.1", "Host: s3.amazonaws.com"),
    (f"GET //{bad}/ HTTP/1.1", "Host: s3.amazonaws.com"),
    (f"GET /_svc/{bad}/ HTTP/1.1", "Host: 127.0.0.1:3128"),
    (f"CONNECT s3.amazonaws.com.:{TCP} HTTP/1.1", "Host: s3.amazonaws.com"),
    ("CONNECT s3.amazonaws.com:443 HTTP/1.1", f"Host: {bad}"),
    ("CONNECT evil-amazonaws.com:443 HTTP/1.1", "Host: evil-amazonaws.com"),
    ("OPTIONS * HTTP/1.1", f"Host: {bad}"),
    ("POST / HTTP/1.1", f"Host: {bad}\r\nX-Amz-Target: DynamoDB_20120810.ListTables\r\nContent-Length: 0"),
):
    say(
        f"{line}\r\n{fields}\r\nAuthorization: AWS4-HMAC-SHA256 Credential=A/20260101/eu-central-1/s3/aws4_request\r\n\r\n".encode()
    )
