"""Send hundreds of harmless calls at once, and the deletion among them."""

# aims: aws
# control: harms
# seconds: 40
from concurrent.futures import ThreadPoolExecutor

from attack import tried
from cloud import DELETE, DESCRIBE, call, denied

tried()
with ThreadPoolExecutor(20) as pool:
    bodies = [
        DELETE if number % 40 == 39 else f"{DESCRIBE}&DBInstanceIdentifier=shop-{number}" for number in range(120)
    ]
    for body, status in zip(bodies, pool.map(lambda body: call("POST", body=body), bodies), strict=False):
        if body is DELETE:
            denied(status, "a deletion in a burst")
