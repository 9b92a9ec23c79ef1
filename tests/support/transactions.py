"""A client of XML transactions as other people write them: curl and a document, the token of the log-in in everything after it."""

import xml.etree.ElementTree as xml
from xml.sax.saxutils import escape

from estate import Failed, curl


class Transactions:
    def __init__(self, base, *curl_options, path="/Receiver.asp"):
        self.url, self.options, self.token = base + path, curl_options, -1

    def ask(self, transaction, action, **parameters):
        """The whole answer. A parameter that is a list stands several times."""
        inner = "".join(f"<{name}>{escape(str(one))}</{name}>" for name, value in parameters.items()
                        for one in (value if isinstance(value, list) else [value]))
        document = (f"<{transaction}><TRANS_COMMON_PARAMS><MCU_TOKEN>{self.token}</MCU_TOKEN><MCU_USER_TOKEN>{self.token}</MCU_USER_TOKEN>"
                    "<ASYNC><YOUR_TOKEN1>0</YOUR_TOKEN1><YOUR_TOKEN2>0</YOUR_TOKEN2></ASYNC><MESSAGE_ID>1</MESSAGE_ID>"
                    f"</TRANS_COMMON_PARAMS><ACTION><{action}>{inner}</{action}></ACTION></{transaction}>")
        done = curl("--header", "Content-Type: application/x-www-form-urlencoded", "--data-binary", document, *self.options, self.url)
        answer = xml.fromstring(done.stdout)
        if answer.tag != f"RESPONSE_{transaction}":
            raise Failed(f"the answer to {transaction} is {done.stdout[:1000]}")
        return answer

    @staticmethod
    def status(answer):
        return answer.findtext("RETURN_STATUS/ID"), answer.findtext("RETURN_STATUS/DESCRIPTION"), answer.findtext("RETURN_STATUS/DESCRIPTION_EX")

    def do(self, transaction, action, **parameters):
        """What the action answers; it must succeed."""
        answer = self.ask(transaction, action, **parameters)
        if self.status(answer)[0] != "0":
            raise Failed(f"{transaction} {action}: {self.status(answer)}")
        return answer.find(f"ACTION/{action}")

    def refused(self, transaction, action, **parameters):
        """Status, description and detail of what must be refused."""
        answer = self.ask(transaction, action, **parameters)
        if self.status(answer)[0] == "0":
            raise Failed(f"{transaction} {action} was not refused: {xml.tostring(answer)}")
        return self.status(answer)

    def log_in(self, user, password):
        self.token = -1
        self.token = int(self.do("TRANS_MCU", "LOGIN", USER_NAME=user, PASSWORD=password).findtext("MCU_TOKEN"))
        return self
