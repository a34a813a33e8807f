#include "config/options.h"

#include "common/language.h"
#include "common/names.h"

#define GIB (1ull << 30)

#define AT(m) .offset = offsetof(config, m)
#define ROW(g, n, t, m, p, least, most, v, h)                                                                \
    {                                                                                                        \
        .group = g, .name = n, .type = t, AT(m), .preset = p, .min = least, .max = most, .value = v,         \
        .help = h                                                                                            \
    }
#define CHOICE(g, n, m, p, c, v, h)                                                                          \
    {                                                                                                        \
        .group = g, .name = n, .type = OPTION_CHOICE, AT(m), .preset = p, .choices = c, .value = v,          \
        .help = h                                                                                            \
    }

static const char *const log_levels[] = {"error", "warning", "info", "debug", NULL};
static const char *const log_addresses[] = {"full", "short", "none", NULL};
static const char *const sandbox_modes[] = {"off", "on", "require", NULL};
const char *const storage_styles[] = {"auto", "path", "virtual", NULL};

const option config_options[] = {
    ROW("Network", "listen", OPTION_TEXT, listen, "127.0.0.1:8080", 1, 0, "ADDRESS:PORT",
        "where to listen; port 0 picks a free one"),
    ROW("Network", "tls-cert", OPTION_TEXT, tls_cert, NULL, 0, 0, "FILE",
        "certificate chain in PEM; turns TLS 1.2 and 1.3 on; read again on SIGHUP"),
    ROW("Network", "tls-key", OPTION_TEXT, tls_key, NULL, 0, 0, "FILE", "private key in PEM"),
    ROW("Network", "tls-priorities", OPTION_TEXT, tls_priorities, NULL, 0, 0, "TEXT",
        "priority string of GnuTLS; not given: what Mozilla calls intermediate"),
    ROW("Network", "insecure", OPTION_BOOL, insecure, "no", 0, 0, NULL,
        "allow an address that others can reach without TLS"),
    ROW("Network", "trusted-proxy", OPTION_TEXT, trusted_proxy, NULL, 0, 0, "NETWORKS",
        "believe X-Forwarded-For from these, as 10.0.0.0/8,::1"),
    ROW("Network", "cors-origin", OPTION_TEXT, cors_origin, NULL, 0, 0, "ORIGINS",
        "pages of these origins may call, as https://a.example,https://b.example"),
    ROW("Network", "max-connections", OPTION_UINT, max_connections, "4096", 16, 65536, "N",
        "open connections at most, a fourth of them of one address"),
    ROW("Network", "io-threads", OPTION_UINT, io_threads, "2", 1, 64, "N", "threads that read and write"),

    ROW("Limits", "max-request-bytes", OPTION_BYTES, max_request_bytes, "32M", 1024, 4 * GIB, "SIZE",
        "body of a request"),
    ROW("Limits", "max-pixels", OPTION_UINT, max_pixels, "50000000", 256, 1000000000, "N",
        "width times height of an uploaded picture"),
    ROW("Limits", "max-side", OPTION_UINT, max_side, "16384", 64, 65500, "PIXELS",
        "longer side of an uploaded picture"),
    ROW("Limits", "formats", OPTION_TEXT, formats, "web", 1, 0, "LIST",
        "pictures that are read: web (JPEG, PNG, WebP), all, or a list as jpeg,png,tiff"),
    ROW("Limits", "max-output-size", OPTION_UINT, max_output_size, "4096", 64, 16384, "PIXELS",
        "longer side of a result"),
    ROW("Limits", "max-decoded-bytes", OPTION_BYTES, max_decoded_bytes, "1G", 1 << 20, 1024 * GIB, "SIZE",
        "pixels of all requests that wait or run; uploads likewise"),
    ROW("Limits", "queue-length", OPTION_UINT, queue_length, "2048", 1, 65536, "N",
        "requests that may wait, half of them of one client; more are answered 503"),
    ROW("Limits", "rate-limit", OPTION_NUMBER, rate_limit, "100", 0, 1000000, "N",
        "requests a second of one client; 0: no limit"),
    ROW("Limits", "rate-burst", OPTION_UINT, rate_burst, "200", 1, 1000000, "N",
        "requests that a client may save up"),
    ROW("Limits", "rate-limit-total", OPTION_NUMBER, rate_limit_total, "0", 0, 1000000, "N",
        "requests a second of all clients; 0: no limit"),
    ROW("Limits", "request-timeout", OPTION_TIME, request_timeout, "120s", 1000, 86400000, "TIME",
        "from the last byte of a request to its result"),
    ROW("Limits", "header-timeout", OPTION_TIME, header_timeout, "10s", 100, 600000, "TIME",
        "until the header of a request is there"),
    ROW("Limits", "body-timeout", OPTION_TIME, body_timeout, "60s", 100, 3600000, "TIME",
        "until the body of a request is there, besides what --body-rate grants"),
    ROW("Limits", "body-rate", OPTION_BYTES, body_rate, "8K", 0, GIB, "SIZE",
        "bytes of a body that give its client a second more; 0: none do"),
    ROW("Limits", "send-timeout", OPTION_TIME, send_timeout, "120s", 100, 3600000, "TIME",
        "until the client has read the answer, or the next 64 KiB of one that is made as it is read"),
    ROW("Limits", "keep-alive", OPTION_TIME, keep_alive, "75s", 100, 3600000, "TIME",
        "how long an idle connection stays open"),

    ROW("Painting", "engine", OPTION_TEXT, engine, "auto", 1, 0, "NAME", "auto, native or torch"),
    ROW("Painting", "device", OPTION_TEXT, device, "auto", 1, 0, "NAME",
        "auto, cpu, cuda, cuda:N, cuda:N,M or cuda:all"),
    CHOICE("Painting", "precision", precision, "fp32", precision_names, "NAME", "fp32, fp16, int8 or tf32"),
    ROW("Painting", "models", OPTION_TEXT, models, NULL, 0, 0, "FOLDER",
        "models and styles; not given: those installed with the library"),
    ROW("Painting", "style-dir", OPTION_TEXT, style_dir, NULL, 0, 0, "FOLDER",
        "with styles of one's own, where learnt ones are kept [as the library says: STYLIZE_STYLES, or in "
        "the home folder]"),
    ROW("Painting", "style-memory", OPTION_BYTES, style_memory, "512M", 32 << 20, 1024 * GIB, "SIZE",
        "memory of learning a style, besides that of paintings"),
    ROW("Painting", "threads", OPTION_UINT, threads, "0", 0, 256, "N",
        "threads that paint; 0: one a processor"),
    ROW("Painting", "batch-max", OPTION_UINT, batch_max, "8", 1, 64, "N",
        "pictures in one engine run; on a CPU they are painted side by side instead"),
    ROW("Painting", "batch-threshold", OPTION_UINT, batch_threshold, "3", 0, 65536, "N",
        "requests that wait before pictures are painted together"),
    ROW("Painting", "memory-budget", OPTION_BYTES, memory_budget, "256M", 32 << 20, 1024 * GIB, "SIZE",
        "memory of one painting; larger ones go tile by tile"),
    ROW("Painting", "output-size", OPTION_UINT, output_size, "512", 16, 16384, "PIXELS",
        "longer side of a result when a request does not say"),
    ROW("Painting", "warm-up", OPTION_BOOL, warm_up, "yes", 0, 0, NULL,
        "paint three empty pictures before being ready"),

    ROW("Load", "degrade", OPTION_BOOL, degrade, "yes", 0, 0, NULL,
        "paint smaller while requests wait too long"),
    ROW("Load", "degrade-after", OPTION_TIME, degrade_after, "2s", 1, 3600000, "TIME",
        "waiting time above which results become smaller"),

    ROW("Cache", "cache-memory", OPTION_BYTES, cache_memory, "256M", 0, 1024 * GIB, "SIZE",
        "results kept in memory; 0: none"),
    ROW("Cache", "cache-dir", OPTION_TEXT, cache_dir, NULL, 0, 0, "FOLDER",
        "results kept in this folder too; not given: never on disk"),
    ROW("Cache", "cache-disk", OPTION_BYTES, cache_disk, "1G", 1 << 20, 1024 * GIB, "SIZE",
        "bytes in that folder"),
    ROW("Cache", "cache-ttl", OPTION_TIME, cache_ttl, "1h", 1000, 2592000000, "TIME",
        "how long a result is kept in memory and in that folder at most"),

    ROW("Jobs", "state-dir", OPTION_TEXT, state_dir, NULL, 0, 0, "FOLDER",
        "private folder for jobs; not given: STATE_DIRECTORY, or .local/state of the user"),
    ROW("Jobs", "jobs-max", OPTION_UINT, jobs_max, "1000", 1, 1000000, "N",
        "jobs that may wait, a fourth of them of one client; four times as many are kept when they are done"),
    ROW("Jobs", "state-disk", OPTION_BYTES, state_disk, "4G", 1 << 20, 1024 * GIB, "SIZE",
        "bytes in that folder; the oldest results go first"),
    ROW("Jobs", "job-ttl", OPTION_TIME, job_ttl, "1h", 1000, 86400000, "TIME",
        "how long a job's upload and result are kept at most"),

    ROW("Fleet", "redis", OPTION_URL, redis, NULL, 0, 0, "URL",
        "results and rate limits shared by servers: redis[s]://[user:password@]host[:port][/database]"),
    ROW("Fleet", "redis-password-file", OPTION_TEXT, redis_password_file, NULL, 0, 0, "FILE",
        "its first line is the password"),
    ROW("Fleet", "redis-ca", OPTION_TEXT, redis_ca, NULL, 0, 0, "FILE",
        "authorities in PEM for rediss://; not given: the system's"),
    ROW("Fleet", "redis-prefix", OPTION_TEXT, redis_prefix, "stylize", 1, 0, "TEXT", "begins all keys"),
    ROW("Fleet", "redis-timeout", OPTION_TIME, redis_timeout, "250ms", 10, 60000, "TIME",
        "of connecting and of a command"),
    ROW("Fleet", "redis-ttl", OPTION_TIME, redis_ttl, "1h", 1000, 2592000000, "TIME",
        "how long a result stays in Redis"),
    ROW("Fleet", "redis-value-max", OPTION_BYTES, redis_value_max, "8M", 1024, 512 << 20, "SIZE",
        "larger results do not go to Redis"),
    ROW("Fleet", "share-limits", OPTION_BOOL, share_limits, "yes", 0, 0, NULL,
        "with --redis: rate limits are those of all servers together"),
    ROW("Fleet", "storage", OPTION_TEXT, storage, NULL, 0, 0, "URL",
        "results and pictures of jobs: s3://bucket[/prefix] or file:///folder"),
    ROW("Fleet", "storage-endpoint", OPTION_TEXT, storage_endpoint, NULL, 0, 0, "URL",
        "https://host[:port] of what speaks S3; not given: AWS_ENDPOINT_URL, or that of AWS"),
    ROW("Fleet", "storage-region", OPTION_TEXT, storage_region, NULL, 0, 0, "NAME",
        "not given: AWS_REGION, or us-east-1"),
    CHOICE("Fleet", "storage-style", storage_style, "auto", storage_styles, "STYLE",
           "path, virtual or auto: path with an endpoint"),
    ROW("Fleet", "storage-keys", OPTION_TEXT, storage_keys, NULL, 0, 0, "FILE",
        "credentials as the AWS tools have them; not given: the variables AWS_ACCESS_KEY_ID ..."),
    ROW("Fleet", "storage-ca", OPTION_TEXT, storage_ca, NULL, 0, 0, "FILE", "authorities in PEM"),
    ROW("Fleet", "storage-timeout", OPTION_TIME, storage_timeout, "5s", 100, 600000, "TIME",
        "of connecting, and of standing still"),
    ROW("Fleet", "broker", OPTION_URL, broker, NULL, 0, 0, "URL",
        "workers paint the jobs: Redis of Celery, as in --redis; needs --storage"),
    ROW("Fleet", "broker-password-file", OPTION_TEXT, broker_password_file, NULL, 0, 0, "FILE",
        "its first line is the password"),
    ROW("Fleet", "broker-queue", OPTION_TEXT, broker_queue, "stylize", 1, 0, "NAME", "queue of the workers"),
    ROW("Fleet", "broker-timeout", OPTION_TIME, broker_timeout, "2s", 10, 60000, "TIME",
        "of connecting and of a command"),
    ROW("Fleet", "consul", OPTION_TEXT, consul, NULL, 0, 0, "URL",
        "register with this agent: http://127.0.0.1:8500"),
    ROW("Fleet", "consul-service", OPTION_TEXT, consul_service, "stylize", 1, 0, "NAME",
        "name of the service"),
    ROW("Fleet", "consul-address", OPTION_TEXT, consul_address, NULL, 0, 0, "HOST:PORT",
        "where others reach this server; not given: as it listens"),
    ROW("Fleet", "consul-token-file", OPTION_TEXT, consul_token_file, NULL, 0, 0, "FILE",
        "its first line is the token; not given: CONSUL_HTTP_TOKEN"),
    ROW("Fleet", "consul-ca", OPTION_TEXT, consul_ca, NULL, 0, 0, "FILE", "authorities in PEM"),

    ROW("Security", "api-keys", OPTION_TEXT, api_keys, NULL, 0, 0, "FILE",
        "file of hashed keys; requests then need one; read again on SIGHUP"),
    ROW("Security", "anonymous", OPTION_BOOL, anonymous, "no", 0, 0, NULL,
        "with --api-keys: painting needs no key, only administration does"),
    ROW("Security", "user", OPTION_TEXT, user, NULL, 0, 0, "NAME",
        "become this user once the port is open; needs root"),
    CHOICE("Security", "sandbox", sandbox, "off", sandbox_modes, "HOW",
           "keep only the rights that serving needs: off, on (as far as the kernel can) or require"),

    ROW("Operation", "config", OPTION_TEXT, file, NULL, 0, 0, "FILE", "file with lines \"name = value\""),
    CHOICE("Operation", "log-level", log_level, "info", log_levels, "LEVEL", "error, warning, info or debug"),
    CHOICE("Operation", "log-addresses", log_addresses, "short", log_addresses, "HOW",
           "addresses of clients in the log: full, short (last part cut off) or none"),
    ROW("Operation", "graceful-timeout", OPTION_TIME, graceful_timeout, "20s", 0, 3600000, "TIME",
        "how long running requests may take after SIGTERM"),
};
const size_t config_option_count = APP_LEN(config_options);
