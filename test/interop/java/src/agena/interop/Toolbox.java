package agena.interop;

import com.alibaba.fastjson2.JSON;
import com.alibaba.fastjson2.JSONObject;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Apache RocketMQ's client, admin tool and store behind one process, since a JVM is slow to start.
 * Reads a request a line, `{"id": N, "do": NAME, …}`, works on all of them at the same time, and
 * answers each with one line on standard output: `{"id": N, "ok": true, "result": …}` or
 * `{"id": N, "ok": false, "error": …}`. Ends with its standard input.
 */
public final class Toolbox {
    /** One thing that can be asked for. */
    interface Tool {
        Object run(JSONObject request) throws Exception;
    }

    private final Map<String, Tool> tools = new LinkedHashMap<>();

    private Toolbox() {
        ProducerTools producers = new ProducerTools();
        PushConsumerTools consumers = new PushConsumerTools();
        LitePullTools pullers = new LitePullTools();
        StoreTools stores = new StoreTools();
        tools.put("admin", AdminTools::run);
        tools.put("adminDo", new AdminClients()::run);
        tools.put("produce", producers::produce);
        tools.put("producerStart", producers::start);
        tools.put("producerSend", producers::send);
        tools.put("producerRequest", producers::request);
        tools.put("producerFind", producers::find);
        tools.put("producerStop", producers::stop);
        tools.put("consumerStart", consumers::start);
        tools.put("consumerAwait", consumers::await);
        tools.put("consumerDo", consumers::steer);
        tools.put("consumerStop", consumers::stop);
        tools.put("litePull", pullers::pull);
        tools.put("liteStart", pullers::start);
        tools.put("liteDo", pullers::steer);
        tools.put("liteStop", pullers::stop);
        tools.put("pullOnce", PullTools::pull);
        tools.put("storeRead", stores::read);
        tools.put("storeOpen", stores::open);
        tools.put("storeClose", stores::close);
        tools.put("storePut", stores::put);
        tools.put("storeClean", stores::clean);
    }

    public static void main(String[] args) {
        PrintStream answers = System.out;
        Program.runAndExit(() -> new Toolbox().serve(answers));
    }

    private void serve(PrintStream answers) throws Exception {
        ExecutorService workers = Executors.newCachedThreadPool();
        BufferedReader requests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        answers.println("ready");
        for (String line = requests.readLine(); line != null; line = requests.readLine()) {
            JSONObject request = JSON.parseObject(line);
            workers.execute(() -> {
                String answer = StoreReport.toJson(answer(request));
                synchronized (answers) {
                    answers.println(answer);
                    answers.flush();
                }
            });
        }
    }

    private Map<String, Object> answer(JSONObject request) {
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("id", request.getIntValue("id"));
        try {
            Tool tool = tools.get(request.getString("do"));
            if (tool == null) {
                throw new IllegalArgumentException("no such tool: " + request.getString("do"));
            }
            Object result = tool.run(request);
            answer.put("ok", true);
            answer.put("result", result);
        } catch (Throwable failure) {
            StringWriter trace = new StringWriter();
            failure.printStackTrace(new PrintWriter(trace));
            answer.put("ok", false);
            answer.put("error", trace.toString());
        }
        return answer;
    }
}
