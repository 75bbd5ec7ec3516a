"""A FastMCP server for the clients to reach through doorward: python fastmcp_server.py PORT"""

import asyncio
import sys

from fastmcp import Context, FastMCP
from fastmcp.server.dependencies import get_http_headers

mcp = FastMCP("fastmcp-upstream")


@mcp.tool
def echo(message: str) -> str:
    """Say it back."""
    return f"Echo: {message}"


@mcp.tool
async def count(steps: int, seconds: float, ctx: Context) -> str:
    """Count to `steps` in `seconds`, and report each step while it happens."""
    for step in range(1, steps + 1):
        await asyncio.sleep(seconds / steps)
        await ctx.report_progress(step, steps, f"step {step}")
    return f"Counted to {steps}."


@mcp.tool
def seen_headers() -> dict[str, str]:
    """The HTTP headers of this very call, as they reached the upstream."""
    return get_http_headers(include_all=True)


if __name__ == "__main__":
    mcp.run(transport="http", host="127.0.0.1", port=int(sys.argv[1]), path="/mcp", show_banner=False, log_level="warning")
