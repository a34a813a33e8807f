#include "sandbox/policy.h"

#include <string.h>

#include "common/language.h"

static void add(const char *list[SANDBOX_PATHS_MAX], const char *path)
{
    size_t i = 0;
    while (i < SANDBOX_PATHS_MAX && list[i])
        i++;
    if (i < SANDBOX_PATHS_MAX && path)
        list[i] = path;
}

void sandbox_policy_of(sandbox_policy *p, const config *c, const sandbox_folders *folders, bool plugins)
{
    /* The process itself for the metrics; the processor and its share of it for the library. */
    static const char *const system[] = {"/proc/self", "/sys/devices/system/cpu", "/sys/fs/cgroup"};
    /* Names of other servers, and whose certificates are believed. */
    static const char *const names[] = {"/etc/resolv.conf", "/etc/hosts",          "/etc/nsswitch.conf",
                                        "/etc/host.conf",   "/etc/gai.conf",       "/etc/ssl",
                                        "/usr/share",       "/run/systemd/resolve"};
    const bool bucket = c->storage && !strncmp(c->storage, "s3://", 5);
    *p = (sandbox_policy){.plugins = plugins, .outgoing = c->redis || c->broker || c->consul || bucket};
    for (size_t i = 0; i < APP_LEN(system); i++)
        add(p->read, system[i]);
    for (size_t i = 0; p->outgoing && i < APP_LEN(names); i++)
        add(p->read, names[i]);
    add(p->read, folders->models);
    p->tree[1] = folders->styles; /* for those that are learnt */
    add(p->write, folders->jobs);
    add(p->write, c->cache_dir);
    add(p->files, c->tls_cert);
    add(p->files, c->tls_key);
    add(p->files, c->api_keys);
    add(p->files, c->data_key);
    if (c->storage && !strncmp(c->storage, "file://", 7))
        p->tree[0] = c->storage + 7;
    add(p->files, c->redis_password_file);
    add(p->files, c->redis_ca);
    add(p->files, c->broker_password_file);
    add(p->files, c->storage_keys);
    add(p->files, c->storage_ca);
    add(p->files, c->consul_token_file);
    add(p->files, c->consul_ca);
}
