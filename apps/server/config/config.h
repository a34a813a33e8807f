/* What the server was told to do. */
#ifndef SERVER_CONFIG_H
#define SERVER_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include <stylize/stylize.h>

typedef enum sandbox_mode { SANDBOX_OFF, SANDBOX_ON, SANDBOX_REQUIRE } sandbox_mode;

/* How much of a client's address the log shows. */
typedef enum shown_address { ADDRESS_FULL, ADDRESS_SHORT, ADDRESS_NONE } shown_address;

/* Texts are owned by the configuration and are NULL where nothing was given. */
typedef struct config {
    /* network */
    char *listen;
    char *admin_listen;
    char *tls_cert, *tls_key, *tls_priorities;
    bool insecure;
    char *trusted_proxy;
    char *cors_origin;
    uint64_t max_connections, io_threads;
    /* limits */
    uint64_t max_request_bytes, max_pixels, max_side, max_output_size, max_decoded_bytes;
    char *formats; /* as stylize_options has them */
    uint64_t queue_length;
    double rate_limit, rate_limit_total;
    uint64_t rate_burst;
    uint64_t request_timeout, header_timeout, body_timeout, send_timeout, keep_alive; /* ms */
    uint64_t body_rate;                                                               /* bytes a second */
    /* painting */
    char *engine, *device, *models, *style_dir;
    stylize_precision precision;
    uint64_t threads, batch_max, batch_threshold, memory_budget, style_memory;
    uint64_t output_size;
    bool warm_up;
    /* load */
    bool degrade;
    uint64_t degrade_after; /* ms */
    /* cache */
    uint64_t cache_memory, cache_disk;
    uint64_t cache_ttl; /* ms */
    char *cache_dir;
    /* jobs */
    char *state_dir;
    uint64_t jobs_max, job_ttl; /* job_ttl: ms */
    uint64_t state_disk;
    /* fleet */
    char *redis, *redis_password_file, *redis_ca, *redis_prefix;
    uint64_t redis_timeout, redis_ttl, redis_value_max; /* ms, ms, bytes */
    bool share_limits;
    char *storage, *storage_endpoint, *storage_region, *storage_keys, *storage_ca;
    int storage_style;        /* in storage_styles */
    uint64_t storage_timeout; /* ms */
    char *broker, *broker_password_file, *broker_queue;
    uint64_t broker_timeout; /* ms */
    char *consul, *consul_service, *consul_address, *consul_token_file, *consul_ca;
    /* security */
    char *api_keys, *user, *data_key;
    bool anonymous;
    sandbox_mode sandbox;
    /* operation */
    char *file;
    int log_level; /* from STYLIZE_LOG_ERROR on */
    shown_address log_addresses;
    uint64_t graceful_timeout; /* ms */
} config;

#endif
