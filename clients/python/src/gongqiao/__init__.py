"""Clients of the Gongqiao APIs.

The packages `channel`, `hris`, `signing` and `jobboard` are generated. The functions here make a client of each that authenticates and retries.
"""

from gongqiao.auth import HrSignature, PartnerToken, Token
from gongqiao.clients import hr, job_board, partner, worker
from gongqiao.pages import records
from gongqiao.payload import payload
from gongqiao.retries import Retries

__all__ = ["HrSignature", "PartnerToken", "Retries", "Token", "hr", "job_board", "partner", "payload", "records", "worker"]
