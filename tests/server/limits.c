#include "http/limit.h"

#include <netinet/in.h>
#include <stdlib.h>

#include "check.h"
#include "paint/degrade.h"

#define SECOND 1000000000ull

static address at(const char *text)
{
    address a;
    assert_true(address_parse(TEXT(text), &a));
    return a;
}

static void addresses_are_read(void **state)
{
    char text[ADDRESS_TEXT];
    address a = at("10.1.2.3:8080");
    address_print(&a, text);
    assert_string_equal(text, "10.1.2.3");
    a = at("[2001:db8::1]:443");
    address_print(&a, text);
    assert_string_equal(text, "2001:db8::1");
    static const char *const wrong[] = {"", "10.1.2", "10.1.2.256", "[::1", "::g", "example", "1.2.3.4.5"};
    for (size_t i = 0; i < APP_LEN(wrong); i++)
        assert_false(address_parse(TEXT(wrong[i]), &a));
}

static void loopback_is_known(void **state)
{
    address a = at("127.0.0.9"), b = at("::1"), c = at("10.0.0.1"), d = at("::2");
    assert_true(address_is_loopback(&a) && address_is_loopback(&b));
    assert_false(address_is_loopback(&c) || address_is_loopback(&d));
}

static void networks_hold_their_addresses(void **state)
{
    networks n;
    assert_true(networks_parse("10.0.0.0/8, 192.168.1.128/25,2001:db8::/33,::1", &n));
    static const char *const inside[] = {"10.255.0.1", "192.168.1.200", "2001:db8:7fff::1", "::1"};
    static const char *const outside[] = {"11.0.0.1", "192.168.1.100", "2001:db8:8000::1", "::2"};
    for (size_t i = 0; i < 4; i++) {
        address a = at(inside[i]), b = at(outside[i]);
        assert_true(networks_hold(&n, &a));
        assert_false(networks_hold(&n, &b));
    }
    assert_true(networks_parse(NULL, &n));
    assert_int_equal(n.count, 0);
    assert_false(networks_parse("10.0.0.0/33", &n));
    assert_false(networks_parse("10.0.0.0/8,,", &n));
}

static void only_trusted_proxies_are_believed(void **state)
{
    networks n;
    char text[ADDRESS_TEXT];
    const struct {
        const char *peer, *forwarded, *client;
    } cases[] = {
        {"192.0.2.1", "198.51.100.7", "192.0.2.1"}, /* not a proxy of ours */
        {"10.0.0.1", "198.51.100.7", "198.51.100.7"},
        {"10.0.0.1", "1.1.1.1, 198.51.100.7", "198.51.100.7"}, /* the client's own claim is left of it */
        {"10.0.0.1", "1.1.1.1, 198.51.100.7, 10.0.0.2", "198.51.100.7"},
        {"10.0.0.1", "", "10.0.0.1"},
        {"10.0.0.1", "nonsense", "10.0.0.1"},
    };
    assert_true(networks_parse("10.0.0.0/8", &n));
    for (size_t i = 0; i < APP_LEN(cases); i++) {
        address peer = at(cases[i].peer), client = address_behind(&peer, TEXT(cases[i].forwarded), &n);
        address_print(&client, text);
        assert_string_equal(text, cases[i].client);
    }
}

static void listening_addresses_are_read(void **state)
{
    struct sockaddr_storage s;
    socklen_t size;
    assert_true(listen_parse("127.0.0.1:8080", &s, &size));
    assert_int_equal(s.ss_family, AF_INET);
    assert_true(listen_parse("[::1]:8080", &s, &size));
    assert_int_equal(s.ss_family, AF_INET6);
    assert_true(listen_parse("localhost:0", &s, &size));
    static const char *const wrong[] = {"8080",   "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
                                        "::1:80", "host:80"};
    for (size_t i = 0; i < APP_LEN(wrong); i++)
        assert_false(listen_parse(wrong[i], &s, &size));
}

static void addresses_are_shortened(void **state)
{
    char text[ADDRESS_TEXT];
    address a = at("198.51.100.7"), b = at("2001:db8:1:2:3:4:5:6");
    address_shorten(&a);
    address_print(&a, text);
    assert_string_equal(text, "198.51.100.0");
    address_shorten(&b);
    address_print(&b, text);
    assert_string_equal(text, "2001:db8:1::");
}

static void a_client_may_save_up_and_no_more(void **state)
{
    limiter *l = malloc(sizeof *l);
    unsigned wait = 0;
    const address a = at("198.51.100.7"), b = at("198.51.100.8");
    limiter_init(l, 10, 5, 0, SECOND);
    for (int i = 0; i < 5; i++)
        assert_true(limiter_take(l, &a, SECOND, &wait));
    assert_false(limiter_take(l, &a, SECOND, &wait));
    assert_int_equal(wait, 1);
    assert_true(limiter_take(l, &b, SECOND, &wait)); /* somebody else is not concerned */
    assert_false(limiter_take(l, &a, SECOND + SECOND / 20, &wait));
    assert_true(limiter_take(l, &a, SECOND + SECOND / 10, &wait));
    int taken = 0;
    for (int i = 0; i < 100; i++)
        taken += limiter_take(l, &a, 100 * SECOND, &wait);
    assert_int_equal(taken, 5);
    free(l);
}

static void one_network_of_ipv6_is_one_client(void **state)
{
    limiter *l = malloc(sizeof *l);
    unsigned wait;
    limiter_init(l, 1, 2, 0, SECOND);
    const address a = at("2001:db8::1"), b = at("2001:db8::2:2"), c = at("2001:db8:0:1::1");
    const address x = address_client(&a), y = address_client(&b), z = address_client(&c);
    assert_true(limiter_take(l, &x, SECOND, &wait) && limiter_take(l, &y, SECOND, &wait));
    assert_false(limiter_take(l, &x, SECOND, &wait));
    assert_true(limiter_take(l, &z, SECOND, &wait));
    free(l);
}

static void all_clients_together_are_bounded(void **state)
{
    limiter *l = malloc(sizeof *l);
    unsigned wait;
    int taken = 0;
    limiter_init(l, 0, 1, 10, SECOND);
    for (uint8_t i = 0; i < 100; i++) {
        address a = at("198.51.100.0");
        a.bytes[15] = i;
        taken += limiter_take(l, &a, SECOND, &wait);
    }
    assert_int_equal(taken, 20);
    free(l);
}

static void results_shrink_and_grow_with_the_wait(void **state)
{
    degrade d;
    degrade_init(&d, 2 * SECOND);
    uint64_t now = 100 * SECOND;
    assert_int_equal(degrade_level(&d, 0, now), 0);
    assert_int_equal(degrade_level(&d, 3 * SECOND, now), 1);
    assert_int_equal(degrade_level(&d, 3 * SECOND, now + SECOND / 10), 1); /* one step at a time */
    assert_int_equal(degrade_level(&d, 3 * SECOND, now += SECOND), 2);
    assert_int_equal(degrade_level(&d, 3 * SECOND, now += SECOND), 3);
    assert_int_equal(degrade_level(&d, 9 * SECOND, now += SECOND), 3);
    assert_int_equal(degrade_level(&d, SECOND * 3 / 2, now += 5 * SECOND), 3); /* between both thresholds */
    assert_int_equal(degrade_level(&d, 0, now += 3 * SECOND), 2);
    assert_int_equal(degrade_level(&d, 0, now += SECOND), 2);
    assert_int_equal(degrade_level(&d, 0, now += 3 * SECOND), 1);
    assert_int_equal(degrade_level(&d, 0, now += 3 * SECOND), 0);
}

static void waiting_times_of_the_served_count(void **state)
{
    degrade d;
    degrade_init(&d, SECOND);
    for (int i = 0; i < 20; i++)
        degrade_sample(&d, 5 * SECOND, 100 * SECOND);
    assert_int_equal(degrade_level(&d, 0, 100 * SECOND), 1);
    assert_int_equal(degrade_level(&d, 0, 110 * SECOND), 0); /* long ago */
}

static void without_a_threshold_nothing_shrinks(void **state)
{
    degrade d;
    degrade_init(&d, 0);
    assert_int_equal(degrade_level(&d, 1000 * SECOND, 5000 * SECOND), 0);
}

static void smaller_sides_are_useful_ones(void **state)
{
    assert_int_equal(degrade_side(1024, 0), 1024);
    assert_int_equal(degrade_side(1024, 1), 768);
    assert_int_equal(degrade_side(1024, 2), 512);
    assert_int_equal(degrade_side(1024, 3), 384);
    assert_int_equal(degrade_side(300, 3), 256);
    assert_int_equal(degrade_side(200, 3), 200);
    assert_int_equal(degrade_side(1001, 1) % 4, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read),
        cmocka_unit_test(loopback_is_known),
        cmocka_unit_test(networks_hold_their_addresses),
        cmocka_unit_test(only_trusted_proxies_are_believed),
        cmocka_unit_test(listening_addresses_are_read),
        cmocka_unit_test(addresses_are_shortened),
        cmocka_unit_test(a_client_may_save_up_and_no_more),
        cmocka_unit_test(one_network_of_ipv6_is_one_client),
        cmocka_unit_test(all_clients_together_are_bounded),
        cmocka_unit_test(results_shrink_and_grow_with_the_wait),
        cmocka_unit_test(waiting_times_of_the_served_count),
        cmocka_unit_test(without_a_threshold_nothing_shrinks),
        cmocka_unit_test(smaller_sides_are_useful_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
