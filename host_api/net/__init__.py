"""The way out to the internet: what a val's fetch may reach, and how it is carried there.

| file | what is there |
|---|---|
| `addresses.py` | which addresses are public, and what an operator allows beside them |
| `connector.py` | looking names up, and connecting to nothing but what was judged |
| `request.py` | what a val may ask for: method, address, headers |
| `redirects.py` | where an answer sends us next, and what goes along |
| `decoding.py` | gzip and deflate, a bounded piece at a time |
| `exchange.py` | one fetch: its hops, its answer's body, what is written to it |
| `client.py` | the server's client, and the connections of one guest |
| `chain.py` | how many evaluations led to one another, and the account they share |
| `limits.py` | how much one evaluation may fetch |
| `failures.py` | what went wrong, in words that tell nothing of the network inside |

It must never know who asks: limits of an evaluation and the record are the capability's.
"""
