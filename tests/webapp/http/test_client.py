"""Which addresses count as one client."""

import pytest

from webapp.http.client import network_of


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("::FFFF:c000:207", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("192.0.2.7:51234", "192.0.2.7"),  # as some proxies write it
        ("[2001:db8:1:2::5]:51234", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::5]", "2001:db8:1:2::/64"),
        ("", "unknown"),  # a Unix socket
        ("nonsense", "unknown"),
        ("1.2.3.4.5", "unknown"),
    ],
)
def test_an_ipv4_address_is_a_client_and_so_is_the_network_of_an_ipv6_address(address, network):
    assert network_of(address) == network
