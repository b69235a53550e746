"""Links to other sites, marked as such when the page is built."""

import re

EXTERNAL = re.compile(r'<a (?=[^>]*href="https?://)(?![^>]*\brel=)')


def mark_external(html: str) -> str:
    """A page's HTML with rel="external" on its links to other sites; one that has a rel keeps it.

    The print sheet writes these addresses out. It cannot tell them by "http": with instant navigation the browser
    has given every link of the page its whole address.
    """
    return EXTERNAL.sub('<a rel="external" ', html)
