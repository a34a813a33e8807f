/*
 * The binary interface as released, on machines with 64-bit pointers: sizes and offsets of the public
 * structures, numbers of the enumerations. Nothing here may change while STYLIZE_ABI_VERSION stays the
 * same; a member added at the end of a structure gets its line at the end, and the new size.
 * Compiled only: a mistake does not build.
 */
#include "stylize/embed.h"
#include "stylize/sequence.h"
#include "stylize/stylize.h"

#define SIZE(type, bytes)       _Static_assert(sizeof(type) == (bytes), "size of " #type)
#define AT(type, member, bytes) _Static_assert(offsetof(type, member) == (bytes), #type "." #member)
#define IS(name, number)        _Static_assert((name) == (number), "number of " #name)

#ifdef __LP64__
SIZE(stylize_error, 260);
AT(stylize_error, status, 0);
AT(stylize_error, message, 4);

SIZE(stylize_image, 80);
AT(stylize_image, pixels, 0);
AT(stylize_image, size, 8);
AT(stylize_image, stride, 16);
AT(stylize_image, width, 24);
AT(stylize_image, height, 28);
AT(stylize_image, format, 32);
AT(stylize_image, memory, 36);
AT(stylize_image, device, 40);
AT(stylize_image, stream, 48);
AT(stylize_image, owner, 56);
AT(stylize_image, reserved, 64);

SIZE(stylize_image_info, 32);
AT(stylize_image_info, struct_size, 0);
AT(stylize_image_info, format, 8);
AT(stylize_image_info, width, 12);
AT(stylize_image_info, height, 16);
AT(stylize_image_info, has_alpha, 20);
AT(stylize_image_info, orientation, 24);
AT(stylize_image_info, has_icc, 28);

SIZE(stylize_options, 144);
AT(stylize_options, struct_size, 0);
AT(stylize_options, engine, 8);
AT(stylize_options, device, 16);
AT(stylize_options, model_dir, 24);
AT(stylize_options, threads, 32);
AT(stylize_options, queue_length, 36);
AT(stylize_options, batch_threshold, 40);
AT(stylize_options, batch_max, 44);
AT(stylize_options, max_input_bytes, 48);
AT(stylize_options, max_pixels, 56);
AT(stylize_options, max_side, 64);
AT(stylize_options, max_scans, 68);
AT(stylize_options, memory_budget, 72);
AT(stylize_options, pool_keep, 80);
AT(stylize_options, code_cache, 88);
AT(stylize_options, precision, 92);
AT(stylize_options, log, 96);
AT(stylize_options, log_user, 104);
AT(stylize_options, log_level, 112);
AT(stylize_options, reserved, 116);
AT(stylize_options, tolerant, 120);
AT(stylize_options, deep, 124);
AT(stylize_options, formats, 128);
AT(stylize_options, style_dir, 136);

SIZE(stylize_file, 24);
AT(stylize_file, name, 0);
AT(stylize_file, data, 8);
AT(stylize_file, size, 16);

SIZE(stylize_embed, 32);
AT(stylize_embed, struct_size, 0);
AT(stylize_embed, files, 8);
AT(stylize_embed, file_count, 16);
AT(stylize_embed, no_threads, 24);
AT(stylize_embed, reserved, 28);

SIZE(stylize_fit_state, 40);
AT(stylize_fit_state, struct_size, 0);
AT(stylize_fit_state, done, 8);
AT(stylize_fit_state, network, 12);
AT(stylize_fit_state, steps, 16);
AT(stylize_fit_state, loss, 20);
AT(stylize_fit_state, reserved, 24);
AT(stylize_fit_state, picture, 32);

SIZE(stylize_fit, 112);
AT(stylize_fit, struct_size, 0);
AT(stylize_fit, info, 8);
AT(stylize_fit, picture, 16);
AT(stylize_fit, effort, 24);
AT(stylize_fit, reserved, 28);
AT(stylize_fit, contents, 32);
AT(stylize_fit, content_count, 40);
AT(stylize_fit, style_scale, 48);
AT(stylize_fit, code_steps, 52);
AT(stylize_fit, network_steps, 56);
AT(stylize_fit, time_budget_ms, 60);
AT(stylize_fit, seed, 64);
AT(stylize_fit, memory_budget, 72);
AT(stylize_fit, progress, 80);
AT(stylize_fit, progress_user, 88);
AT(stylize_fit, code_made, 96);
AT(stylize_fit, network_made, 100);
AT(stylize_fit, loss, 104);
AT(stylize_fit, ended_early, 108);

SIZE(stylize_stats, 248);
AT(stylize_stats, struct_size, 0);
AT(stylize_stats, submitted, 8);
AT(stylize_stats, completed, 16);
AT(stylize_stats, failed, 24);
AT(stylize_stats, cancelled, 32);
AT(stylize_stats, expired, 40);
AT(stylize_stats, rejected, 48);
AT(stylize_stats, waiting, 56);
AT(stylize_stats, running, 64);
AT(stylize_stats, batches, 72);
AT(stylize_stats, batch_images, 80);
AT(stylize_stats, tiles, 88);
AT(stylize_stats, queue_ns, 96);
AT(stylize_stats, prepare_ns, 104);
AT(stylize_stats, engine_ns, 112);
AT(stylize_stats, finish_ns, 120);
AT(stylize_stats, code_hits, 128);
AT(stylize_stats, code_misses, 136);
AT(stylize_stats, pool_bytes, 144);
AT(stylize_stats, pool_peak, 152);
AT(stylize_stats, pool_allocs, 160);
AT(stylize_stats, pool_reuses, 168);
AT(stylize_stats, device_images, 176);
AT(stylize_stats, device_bytes, 184);
AT(stylize_stats, device_peak, 192);
AT(stylize_stats, device_allocs, 200);
AT(stylize_stats, device_reuses, 208);
AT(stylize_stats, device_trims, 216);
AT(stylize_stats, device_splits, 224);
AT(stylize_stats, device_graphs, 232);
AT(stylize_stats, device_replays, 240);

SIZE(stylize_style_ref, 24);
AT(stylize_style_ref, id, 0);
AT(stylize_style_ref, picture, 8);
AT(stylize_style_ref, weight, 16);

SIZE(stylize_report, 160);
AT(stylize_report, struct_size, 0);
AT(stylize_report, engine, 8);
AT(stylize_report, model, 24);
AT(stylize_report, tiles, 88);
AT(stylize_report, batch_size, 92);
AT(stylize_report, code_cached, 96);
AT(stylize_report, queue_ns, 104);
AT(stylize_report, prepare_ns, 112);
AT(stylize_report, engine_ns, 120);
AT(stylize_report, finish_ns, 128);
AT(stylize_report, strength, 136);
AT(stylize_report, iterations, 140);
AT(stylize_report, ended_early, 144);
AT(stylize_report, reserved, 148);
AT(stylize_report, damaged, 152);
AT(stylize_report, reserved2, 156);

SIZE(stylize_request, 216);
AT(stylize_request, struct_size, 0);
AT(stylize_request, content, 8);
AT(stylize_request, styles, 16);
AT(stylize_request, style_count, 24);
AT(stylize_request, method, 32);
AT(stylize_request, output_size, 36);
AT(stylize_request, output_width, 40);
AT(stylize_request, output_height, 44);
AT(stylize_request, strength, 48);
AT(stylize_request, preserve_color, 52);
AT(stylize_request, seed, 56);
AT(stylize_request, iterations, 64);
AT(stylize_request, memory_budget, 72);
AT(stylize_request, deadline_ms, 80);
AT(stylize_request, output_format, 84);
AT(stylize_request, quality, 88);
AT(stylize_request, progress, 96);
AT(stylize_request, progress_user, 104);
AT(stylize_request, report, 112);
AT(stylize_request, tiling, 120);
AT(stylize_request, tiling_size, 128);
AT(stylize_request, tile, 136);
AT(stylize_request, reserved, 140);
AT(stylize_request, preview, 144);
AT(stylize_request, preview_user, 152);
AT(stylize_request, time_budget_ms, 160);
AT(stylize_request, optimizer, 164);
AT(stylize_request, target, 168);
AT(stylize_request, style_scale, 176);
AT(stylize_request, reserved2, 180);
AT(stylize_request, masks, 184);
AT(stylize_request, tolerant, 192);
AT(stylize_request, keep_metadata, 196);
AT(stylize_request, output_depth, 200);
AT(stylize_request, look, 204);
AT(stylize_request, style_masks, 208);

SIZE(stylize_tile, 56);
AT(stylize_tile, struct_size, 0);
AT(stylize_tile, count, 8);
AT(stylize_tile, canvas_width, 12);
AT(stylize_tile, canvas_height, 16);
AT(stylize_tile, x, 20);
AT(stylize_tile, y, 24);
AT(stylize_tile, width, 28);
AT(stylize_tile, height, 32);
AT(stylize_tile, from_x, 36);
AT(stylize_tile, from_y, 40);
AT(stylize_tile, from_width, 44);
AT(stylize_tile, from_height, 48);
AT(stylize_tile, reserved, 52);

SIZE(stylize_style_info, 64);
AT(stylize_style_info, id, 0);
AT(stylize_style_info, display_name, 8);
AT(stylize_style_info, artist, 16);
AT(stylize_style_info, licence, 24);
AT(stylize_style_info, model, 32);
AT(stylize_style_info, preview_image, 40);
AT(stylize_style_info, year, 48);
AT(stylize_style_info, recommended_size, 52);
AT(stylize_style_info, added, 56);
AT(stylize_style_info, blendable, 60);

SIZE(stylize_bench, 72);
AT(stylize_bench, struct_size, 0);
AT(stylize_bench, model, 8);
AT(stylize_bench, width, 16);
AT(stylize_bench, height, 20);
AT(stylize_bench, rounds, 24);
AT(stylize_bench, min_ms, 32);
AT(stylize_bench, median_ms, 40);
AT(stylize_bench, gflop, 48);
AT(stylize_bench, peak_gflops, 56);
AT(stylize_bench, memory, 64);

SIZE(stylize_frame, 96);
AT(stylize_frame, struct_size, 0);
AT(stylize_frame, planes, 8);
AT(stylize_frame, strides, 32);
AT(stylize_frame, width, 56);
AT(stylize_frame, height, 60);
AT(stylize_frame, format, 64);
AT(stylize_frame, matrix, 68);
AT(stylize_frame, range, 72);
AT(stylize_frame, scene, 76);
AT(stylize_frame, kept, 80);
AT(stylize_frame, reserved, 84);
AT(stylize_frame, tag, 88);

SIZE(stylize_sequence_options, 24);
AT(stylize_sequence_options, struct_size, 0);
AT(stylize_sequence_options, request, 8);
AT(stylize_sequence_options, stability, 16);
AT(stylize_sequence_options, depth, 20);
#endif

IS(STYLIZE_OK, 0);
IS(STYLIZE_ERR_INVALID, 1);
IS(STYLIZE_ERR_NOMEM, 2);
IS(STYLIZE_ERR_IO, 3);
IS(STYLIZE_ERR_FORMAT, 4);
IS(STYLIZE_ERR_LIMIT, 5);
IS(STYLIZE_ERR_NOT_FOUND, 6);
IS(STYLIZE_ERR_EXISTS, 7);
IS(STYLIZE_ERR_MODEL, 8);
IS(STYLIZE_ERR_UNSUPPORTED, 9);
IS(STYLIZE_ERR_ENGINE, 10);
IS(STYLIZE_ERR_QUEUE_FULL, 11);
IS(STYLIZE_ERR_CANCELLED, 12);
IS(STYLIZE_ERR_DEADLINE, 13);

IS(STYLIZE_FORMAT_NONE, 0);
IS(STYLIZE_FORMAT_RGB8, 1);
IS(STYLIZE_FORMAT_RGBA8, 2);
IS(STYLIZE_FORMAT_GRAY8, 3);
IS(STYLIZE_FORMAT_RGB16, 4);
IS(STYLIZE_FORMAT_RGBA16, 5);
IS(STYLIZE_FORMAT_ENCODED, 16);
IS(STYLIZE_FORMAT_JPEG, 17);
IS(STYLIZE_FORMAT_PNG, 18);
IS(STYLIZE_FORMAT_WEBP, 19);
IS(STYLIZE_FORMAT_TIFF, 20);
IS(STYLIZE_FORMAT_GIF, 21);
IS(STYLIZE_FORMAT_BMP, 22);
IS(STYLIZE_FORMAT_AVIF, 23);
IS(STYLIZE_FORMAT_HEIC, 24);
IS(STYLIZE_FORMAT_JXL, 25);

IS(STYLIZE_LOG_ERROR, 1);
IS(STYLIZE_LOG_WARNING, 2);
IS(STYLIZE_LOG_INFO, 3);
IS(STYLIZE_LOG_DEBUG, 4);

IS(STYLIZE_PRECISION_FP32, 0);
IS(STYLIZE_PRECISION_FP16, 1);
IS(STYLIZE_PRECISION_INT8, 2);
IS(STYLIZE_PRECISION_TF32, 3);
IS(STYLIZE_MEMORY_HOST, 0);
IS(STYLIZE_MEMORY_CUDA, 1);

IS(STYLIZE_DRAIN, 0);
IS(STYLIZE_CANCEL, 1);

IS(STYLIZE_METHOD_AUTO, 0);
IS(STYLIZE_METHOD_FAST, 1);
IS(STYLIZE_METHOD_ANY, 2);
IS(STYLIZE_METHOD_OPTIMIZE, 3);
IS(STYLIZE_OPTIMIZER_LBFGS, 0);
IS(STYLIZE_OPTIMIZER_ADAM, 1);

IS(STYLIZE_EFFORT_FAST, 0);
IS(STYLIZE_EFFORT_GOOD, 1);
IS(STYLIZE_EFFORT_BEST, 2);
IS(STYLIZE_FIT_GO_ON, 0);
IS(STYLIZE_FIT_KEEP, 1);
IS(STYLIZE_FIT_CANCEL, 2);

IS(STYLIZE_FRAME_RGB8, 1);
IS(STYLIZE_FRAME_RGBA8, 2);
IS(STYLIZE_FRAME_BGR8, 3);
IS(STYLIZE_FRAME_BGRA8, 4);
IS(STYLIZE_FRAME_YUV420, 16);
IS(STYLIZE_MATRIX_AUTO, 0);
IS(STYLIZE_MATRIX_BT601, 1);
IS(STYLIZE_MATRIX_BT709, 2);
IS(STYLIZE_RANGE_LIMITED, 0);
IS(STYLIZE_RANGE_FULL, 1);
